// Live users, as a process of their own: requests at times that are fixed beforehand (an open loop). How long each takes
// counts from when it was due, so that a stall shows in every request that fell into it and not only in one of them.
import { Agent, request } from 'node:http';
import type { LoadMessage, LoadOrder, LoadResult, RequestKind } from './load.ts';

/** Timers of Node.js have whole milliseconds; the rest is waited for turn by turn. */
const TIMER_MILLISECONDS = 1.5;

let stopped = false;
process.on('message', (message: LoadMessage) => {
  if (message.kind === 'stop') stopped = true;
  else void run(message.order).then((result) => process.send?.(result));
});
process.once('disconnect', () => process.exit());

async function run(order: LoadOrder): Promise<LoadResult> {
  const agent = order.keepAlive ? new Agent({ keepAlive: true }) : false;
  const { requestsPerSecond, mix } = order;
  const count = Math.floor(requestsPerSecond * order.seconds);
  const unrecorded = Math.floor(requestsPerSecond * order.warmupSeconds);
  const result = { sent: 0, milliseconds: [] as number[], lateMilliseconds: [] as number[] };
  const failures: Record<string, number> = {};
  const pending = new Set<Promise<void>>();
  const start = performance.now() + 10;
  stopped = false;
  for (let index = 0; index < count && !stopped; index++) {
    const due = start + (index * 1000) / requestsPerSecond;
    await untilTime(due);
    const sent = performance.now();
    const kind = mix[index % mix.length];
    if (kind === undefined) throw new Error('the mix of requests is empty');
    const answered = send(order, kind, agent).then((failure) => {
      pending.delete(answered);
      if (failure !== undefined) failures[failure] = (failures[failure] ?? 0) + 1;
      if (index < unrecorded) return;
      result.milliseconds.push(performance.now() - due);
      result.lateMilliseconds.push(sent - due);
    });
    pending.add(answered);
    result.sent += 1;
  }
  await Promise.all(pending);
  if (agent !== false) agent.destroy();
  return { ...result, failures };
}

async function untilTime(due: number): Promise<void> {
  const left = due - performance.now() - TIMER_MILLISECONDS;
  if (left >= 1) await new Promise((resolve) => setTimeout(resolve, Math.floor(left)));
  while (performance.now() < due) await new Promise((resolve) => setImmediate(resolve));
}

/** Undefined: a whole answer of 200 to 299; otherwise why not. */
function send(
  { url, timeoutMilliseconds }: LoadOrder,
  { method, path, bodyBytes }: RequestKind,
  agent: Agent | false,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMilliseconds);
    const fail = (error: NodeJS.ErrnoException) => resolve(signal.aborted ? 'timeout' : (error.code ?? error.message));
    const headers = { 'content-length': bodyBytes };
    const outgoing = request(new URL(path, url), { method, agent, signal, headers }, (response) => {
      const { statusCode = 0 } = response;
      response.on('error', fail);
      response.on('end', () => resolve(statusCode >= 200 && statusCode < 300 ? undefined : `status ${statusCode}`));
      response.resume();
    });
    outgoing.on('error', fail);
    outgoing.end(bodyBytes > 0 ? bodyOf(bodyBytes) : undefined);
  });
}

const bodies = new Map<number, Buffer>();

function bodyOf(bytes: number): Buffer {
  const known = bodies.get(bytes) ?? Buffer.alloc(bytes, 'x');
  bodies.set(bytes, known);
  return known;
}
