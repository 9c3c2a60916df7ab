import type { BenchTable } from '../bench.ts';
import { failed, type LoadResult, together } from '../live/load.ts';
import { quantile, ratio } from '../live/quantile.ts';
import { mirrored, restored } from './mirrorPlans.ts';
import type { Stage } from './phases.ts';
import type { Behaviour } from './service.ts';

interface Case {
  readonly title: string;
  readonly candidate?: Behaviour;
  readonly methods?: readonly string[];
}

const CASES: readonly Case[] = [
  { title: 'off' },
  { title: 'copied, candidate healthy', candidate: 'healthy', methods: ['*'] },
  { title: 'copied, candidate failing (500)', candidate: 'failing', methods: ['*'] },
  { title: 'copied, candidate down', candidate: 'down', methods: ['*'] },
  { title: 'copied, candidate never reading', candidate: 'neverReading', methods: ['*'] },
  {
    title: 'not copied (the default methods), candidate never reading',
    candidate: 'neverReading',
    methods: ['GET', 'HEAD', 'OPTIONS'],
  },
];

/** At once. */
const COUNT = 5;

interface Measured {
  readonly title: string;
  readonly load: LoadResult;
  /** Copies, by the candidate. */
  readonly received: number;
}

/** Uploads that fit into no buffer: Envoy sends them on to both services as they read. */
export async function measureUploads(stage: Stage, megabytes: number, rounds: number): Promise<BenchTable> {
  // Buffers that grow for the first time: nobody's figures.
  await measure(stage, { title: 'warm-up', candidate: 'healthy', methods: ['*'] }, megabytes);
  const measured: Measured[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const each of CASES) measured.push({ title: each.title, ...(await measure(stage, each, megabytes)) });
  }
  const results = CASES.map(({ title }) => {
    const own = measured.filter((each) => each.title === title);
    const received = own.reduce((sum, each) => sum + each.received, 0);
    return { title, load: together(own.map(({ load }) => load)), received };
  });
  const reference = quantile(results[0]?.load.milliseconds ?? [], 0.5);
  return {
    title: `Live uploads of ${megabytes} MB`,
    columns: ['mirror', 'requests', 'failed', 'p50 ms', 'most ms', 'p50 / off', 'copies that arrived'],
    rows: results.map(({ title, load, received }) => {
      const median = quantile(load.milliseconds, 0.5);
      const most = quantile(load.milliseconds, 1);
      return [title, load.sent, failed(load), median, most, ratio(median, reference), received];
    }),
    notes: [
      `${COUNT} at once, ${rounds} times. Envoy reads a live body no faster than its copy is read. The mirror cluster that the operator adds ends a copy after 15 s (max_stream_duration), and the upload goes on; without it, it would wait for the idle timeout of 300 s and fail. Writes are only copied where an experiment says so.`,
    ],
  };
}

async function measure(
  { proxy, candidate, candidatePort, load }: Stage,
  each: Case,
  megabytes: number,
): Promise<Omit<Measured, 'title'>> {
  await candidate.behave(each.candidate ?? 'healthy');
  const on = mirrored(proxy.configMap, candidatePort, each.methods);
  const wanted = each.candidate === undefined ? restored(on) : on;
  await proxy.apply(wanted);
  const result = await load.run({
    url: proxy.url,
    requestsPerSecond: COUNT * 10,
    seconds: 1 / 10,
    warmupSeconds: 0,
    keepAlive: false,
    timeoutMilliseconds: 60_000,
    mix: [{ method: 'POST', path: '/api/books', bodyBytes: megabytes * 1_000_000 }],
  });
  const received = await candidate.received();
  await candidate.behave('healthy');
  await proxy.apply(restored(on));
  return { load: result, received };
}
