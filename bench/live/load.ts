import { fork } from 'node:child_process';
import { once } from 'node:events';
import { nextMessage } from './nextMessage.ts';

export interface LoadOrder {
  /** Origin. */
  readonly url: string;
  readonly requestsPerSecond: number;
  /** The load ends by itself after this time. */
  readonly seconds: number;
  /** Of the beginning, whose times are left out; failures count. */
  readonly warmupSeconds: number;
  /** False: a new connection for each request. */
  readonly keepAlive: boolean;
  readonly timeoutMilliseconds: number;
  /** In turn. */
  readonly mix: readonly RequestKind[];
}

export interface RequestKind {
  readonly method: string;
  readonly path: string;
  readonly bodyBytes: number;
}

export interface LoadResult {
  readonly sent: number;
  /** From when a request was due to the end of its answer, or to its failure. */
  readonly milliseconds: readonly number[];
  /** By how much later than due each was sent; a part of the above. */
  readonly lateMilliseconds: readonly number[];
  /** Other answers than 200 to 299, resets and timeouts, by kind. */
  readonly failures: Readonly<Record<string, number>>;
}

/** To loadProcess.ts. */
export type LoadMessage = { readonly kind: 'run'; readonly order: LoadOrder } | { readonly kind: 'stop' };

export interface Load {
  /** One at a time. */
  run(order: LoadOrder): Promise<LoadResult>;
  /** Ends the present run early. */
  stop(): void;
  close(): void;
}

/** A process that sends requests: it shares no event loop with what it measures. */
export async function startLoad(): Promise<Load> {
  const child = fork(new URL('./loadProcess.ts', import.meta.url), { execArgv: [] });
  await once(child, 'spawn');
  return {
    run: async (order) => {
      const message: LoadMessage = { kind: 'run', order };
      child.send(message);
      return (await nextMessage(child, 'the process that sends the load')) as LoadResult;
    },
    stop: () => {
      const message: LoadMessage = { kind: 'stop' };
      child.send(message);
    },
    close: () => {
      child.kill();
    },
  };
}

/** How many failed, over all kinds. */
export function failed({ failures }: LoadResult): number {
  return Object.values(failures).reduce((sum, count) => sum + count, 0);
}

/** Several runs as if they were one. */
export function together(results: readonly LoadResult[]): LoadResult {
  const failures: Record<string, number> = {};
  for (const [kind, count] of results.flatMap((result) => Object.entries(result.failures))) {
    failures[kind] = (failures[kind] ?? 0) + count;
  }
  return {
    sent: results.reduce((sum, { sent }) => sum + sent, 0),
    milliseconds: results.flatMap(({ milliseconds }) => milliseconds),
    lateMilliseconds: results.flatMap(({ lateMilliseconds }) => lateMilliseconds),
    failures,
  };
}
