// Loaded into an operator before its own code (node --expose-gc --import …): lets a test set its time of day, and look at
// what it holds. Monotonic time and timers stay as they are, as when somebody sets a machine's clock.
import { getHeapSpaceStatistics } from 'node:v8';
import type { Measurement, ProbeAnswer, ProbeRequest } from './operator.ts';

const RealDate = Date;
let offset = 0;
const now = (): number => RealDate.now() + offset;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, newTarget) => Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, key, receiver) => (key === 'now' ? now : Reflect.get(target, key, receiver)),
});

process.on('message', (request: ProbeRequest) => {
  if (request.kind === 'step') offset += request.milliseconds;
  void measure().then((measurement) => {
    const answer: ProbeAnswer = { id: request.id, measurement };
    process.send?.(answer);
  });
});
// The channel alone must not keep the process alive.
process.channel?.unref();

async function measure(): Promise<Measurement> {
  for (let count = 0; count < 3; count++) {
    globalThis.gc?.();
    // What was waiting for the end of a turn is garbage only now.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { external, rss } = process.memoryUsage();
  const spaces = getHeapSpaceStatistics().filter(({ space_name }) => !/^(code|trusted)_/.test(space_name));
  const objects = spaces.reduce((sum, { space_used_size }) => sum + space_used_size, 0);
  const resources: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  return { objects, external, rss, resources, listeners };
}
