import type { Bench, BenchTable, Cell } from './bench.ts';
import { quantile } from './scale/figures.ts';
import { measureScale, type ScaleFigures } from './scale/measure.ts';

/**
 * argo-rollouts 1.9.1 with 1,000 running AnalysisRuns of a 30 s interval, and flagger 1.44 with 1,000 canaries, on two cores
 * of the same kind of machine, measured in November 2026 with the same kind of API server.
 */
const ARGO: Readonly<Record<string, number>> = {
  'resident memory, mean (MiB)': 116,
  'resident memory, peak (MiB)': 133,
  'processor time (s/min)': 3.0,
  'requests to the API server (1/min)': 2039,
  'queries to the provider (1/min)': 2000,
  'interval, p99 (s)': 30.1,
  'creation to first action, p50 (ms)': 40,
  'creation to first action, p99 (ms)': 126,
};
const FLAGGER: Readonly<Record<string, number>> = {
  'resident memory, mean (MiB)': 127,
  'processor time (s/min)': 6.9,
  'requests to the API server (1/min)': 7224,
  'interval, p50 (s)': 102,
};

export const bench: Bench = {
  question: 'What does one operator cost that carries a thousand running experiments, and two thousand?',
  run: async ({ short, tell }) => {
    const { SCALE_EXPERIMENTS = short ? '12' : '100,1000,2000', SCALE_SECONDS = short ? '12' : '180' } = process.env;
    const all: ScaleFigures[] = [];
    for (const experiments of SCALE_EXPERIMENTS.split(',').map(Number)) {
      const seconds = Number(SCALE_SECONDS);
      const [intervalSeconds, newcomers] = short ? [5, 2] : [30, 50];
      all.push(await measureScale({ experiments, intervalSeconds, seconds, newcomers, built: !short, tell }));
    }
    return [comparison(all), requests(all)];
  },
};

function comparison(all: readonly ScaleFigures[]): BenchTable {
  const names = Object.keys(all[0] === undefined ? {} : rowsOf(all[0]));
  const [thousand] = all.filter(({ experiments }) => experiments === 1000);
  const own = thousand === undefined ? {} : rowsOf(thousand);
  return {
    title: 'One operator, by the number of running experiments',
    columns: [
      'figure',
      ...all.map(({ experiments }) => `${experiments}`),
      'argo-rollouts, 1,000',
      'ratio',
      'flagger, 1,000',
    ],
    rows: names.map((name): Cell[] => [
      name,
      ...all.map((figures) => rowsOf(figures)[name] ?? null),
      ARGO[name] ?? null,
      ratio(own[name], ARGO[name]),
      FLAGGER[name] ?? null,
    ]),
    notes: [
      'Interval 30 s, windows of 0 to 10 minutes. Real etcd and kube-apiserver with the RBAC of `deploy/`, the operator as it is built, with its metrics on; Log Analytics is made up, answers after 300 ms, and refuses more than 200 queries in 30 s; controllers and kubelets are played. Intervals are those of the reads of telemetry, against the time by which their windows grew. All on the same two cores.',
      'argo-rollouts 1.9.1 and flagger 1.44 were measured on the same kind of machine in November 2026, not in this run. Ratio: this operator at 1,000 against argo-rollouts.',
    ],
  };
}

function rowsOf(figures: ScaleFigures): Record<string, Cell> {
  const of = (name: 'firstAction' | 'mirrors' | 'restored', share: number): number =>
    quantile(
      figures.arrivals.map((each) => each[name]),
      share,
    );
  return {
    'resident memory, mean (MiB)': figures.rssMean,
    'resident memory, peak (MiB)': figures.rssPeak,
    'resident memory, second half against first': figures.rssGrowth,
    'processor time (s/min)': figures.cpuSeconds,
    'requests to the API server (1/min)': figures.apiRequests,
    'queries to the provider (1/min)': figures.queries,
    'questions in them (1/min)': figures.questions,
    'queries refused': figures.refusedQueries,
    'most queries in 30 s': figures.mostQueriesIn30Seconds,
    'most queries at once': figures.mostQueriesAtOnce,
    'interval, p1 (s)': figures.intervalP01,
    'interval, p50 (s)': figures.intervalP50,
    'interval, p99 (s)': figures.intervalP99,
    'intervals kept within 5 % (%)': 100 * figures.kept,
    'event-loop delay, p99 (ms)': figures.eventLoopDelayP99Milliseconds,
    'creation to first action, p50 (ms)': of('firstAction', 0.5),
    'creation to first action, p99 (ms)': of('firstAction', 0.99),
    'creation to mirror in the configuration, p50 (ms)': of('mirrors', 0.5),
    'creation to mirror in the configuration, p99 (ms)': of('mirrors', 0.99),
    'deletion to restored configuration, p50 (ms)': of('restored', 0.5),
    'deletion to restored configuration, p99 (ms)': of('restored', 0.99),
  };
}

function requests(all: readonly ScaleFigures[]): BenchTable {
  const kinds = [...new Set(all.flatMap(({ apiRequestsByKind }) => Object.keys(apiRequestsByKind)))].sort();
  return {
    title: 'Requests to the API server, by kind (1/min)',
    columns: ['request', ...all.map(({ experiments }) => `${experiments}`)],
    rows: kinds.map((kind): Cell[] => [kind, ...all.map(({ apiRequestsByKind }) => apiRequestsByKind[kind] ?? 0)]),
    notes: ['By the audit log of the API server, the Lease included.'],
  };
}

function ratio(value: Cell | undefined, reference: number | undefined): number | null {
  return typeof value === 'number' && reference !== undefined ? value / reference : null;
}
