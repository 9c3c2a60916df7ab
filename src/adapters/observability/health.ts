import { type HttpServer, listen } from './listen.ts';

/** Undefined: all is well. Otherwise what is not, for whoever reads the answer. */
export type Check = () => string | undefined;

export interface HealthChecks {
  /** What only a restart of the process would mend. */
  readonly live: Check;
  readonly ready: Check;
  /** What this replica does, for the answer of /readyz. */
  readonly role: () => string;
}

/**
 * The event loop takes milliseconds for a turn; to parse the largest answer that is read, 0.7 s. With turns of this length
 * a Lease cannot be renewed in time.
 */
const SLOW_TURN_SECONDS = 5;

/**
 * /livez fails when `live` does, and when a turn of the event loop takes longer than 5 s. While the loop stands still nothing
 * is answered, which the kubelet's time limit takes for a failure. /readyz fails when `ready` does.
 */
export function startHealthServer(
  address: string,
  port: number,
  { live, ready, role }: HealthChecks,
): Promise<HttpServer> {
  const answerTo = async (url: string): Promise<[code: number, body: string]> => {
    if (url === '/livez') return verdict((await slowTurn()) ?? live(), 'not live', 'ok');
    if (url === '/readyz') return verdict(ready(), 'not ready', `ok: ${role()}`);
    return [404, 'not found'];
  };
  return listen(address, port, ({ url = '' }, response) => {
    void answerTo(url.split('?', 1)[0] ?? '').then(([code, body]) =>
      response.writeHead(code, { 'content-type': 'text/plain' }).end(`${body}\n`),
    );
  });
}

function verdict(problem: string | undefined, refusal: string, ok: string): [code: number, body: string] {
  return problem === undefined ? [200, ok] : [503, `${refusal}: ${problem}`];
}

/** A timer and an immediate: the answer is proof that timers fire, which is what everything else waits for. */
async function slowTurn(): Promise<string | undefined> {
  const start = performance.now();
  await new Promise<void>((resolve) => {
    setTimeout(() => setImmediate(resolve), 1);
  });
  const seconds = (performance.now() - start) / 1000;
  if (seconds < SLOW_TURN_SECONDS) return undefined;
  return `the event loop took ${seconds.toFixed(1)} s for a turn; at most ${SLOW_TURN_SECONDS} s are well`;
}
