import { type LoadOrder, type LoadResult, startLoad } from '../live/load.ts';

export interface Phase {
  readonly title: string;
  readonly work: () => Promise<unknown>;
}

/** What live users got while a phase lasted. */
export interface LiveFigures {
  readonly connections: string;
  readonly title: string;
  readonly load: LoadResult;
}

export interface LiveUsersOptions {
  /** Origin. */
  readonly url: string;
  /** Of each of the two kinds of users. */
  readonly requestsPerSecond: number;
  readonly warmupSeconds: number;
  /** A phase whose work takes longer goes on without load. */
  readonly mostSeconds: number;
}

const read = (path: string) => ({ method: 'GET', path, bodyBytes: 0 });

const MIX: LoadOrder['mix'] = [
  ...[1, 2, 3, 4].map((id) => read(`/api/reviews/${id}`)),
  ...[read('/api/books'), read('/api/books/1')],
  { method: 'POST', path: '/api/books', bodyBytes: 1024 },
];

const KINDS = [
  { connections: 'one for each request', keepAlive: false },
  { connections: 'kept', keepAlive: true },
];

/** Does the work of each phase beside live users, half of whom keep their connections. */
export async function besideLiveUsers(
  { url, requestsPerSecond, warmupSeconds, mostSeconds }: LiveUsersOptions,
  phases: readonly Phase[],
): Promise<readonly LiveFigures[]> {
  const users = await Promise.all(KINDS.map(async (kind) => ({ ...kind, load: await startLoad() })));
  const send = (seconds: number): Promise<readonly LiveFigures[]> =>
    Promise.all(
      users.map(async ({ connections, load, keepAlive }) => {
        const order = { url, requestsPerSecond, seconds, warmupSeconds: 0, keepAlive, mix: MIX };
        return { connections, title: '', load: await load.run({ ...order, timeoutMilliseconds: 10_000 }) };
      }),
    );
  try {
    // Connections and compilers: nobody's figures.
    await send(warmupSeconds);
    const figures: LiveFigures[] = [];
    for (const { title, work } of phases) {
      const running = send(mostSeconds);
      // It is waited for below; without this, a failure of both would end the process before anything is tidied up.
      running.catch(() => {});
      await work();
      for (const { load } of users) load.stop();
      figures.push(...(await running).map((each) => ({ ...each, title })));
    }
    return figures;
  } finally {
    for (const { load } of users) load.close();
  }
}
