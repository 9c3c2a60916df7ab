import { loadavg } from 'node:os';
import { freePort } from '../demo/node/ports.ts';
import type { Bench, BenchOptions, BenchTable } from './bench.ts';
import { PHASES, type PhaseResult, runPhase, type Stage } from './impact/phases.ts';
import { startProxy } from './impact/proxy.ts';
import { startService } from './impact/service.ts';
import { measureUploads } from './impact/uploads.ts';
import { failed, startLoad, together } from './live/load.ts';
import { quantile, ratio } from './live/quantile.ts';

const FULL = {
  rounds: 6,
  seconds: 6,
  warmupSeconds: 1,
  requestsPerSecond: 200,
  switches: 25,
  uploadMegabytes: 16,
  uploadRounds: 3,
};
const SHORT = {
  rounds: 1,
  seconds: 0.8,
  warmupSeconds: 0.2,
  requestsPerSecond: 100,
  switches: 2,
  uploadMegabytes: 1,
  uploadRounds: 1,
};

export const bench: Bench = {
  question: 'What do live requests feel of mirroring, whatever the candidate does?',
  run: async (options) => {
    const closers: (() => unknown)[] = [];
    try {
      return await measure(options, closers);
    } finally {
      for (const close of closers.reverse()) await close();
    }
  },
};

async function measure({ short, tell }: BenchOptions, closers: (() => unknown)[]): Promise<readonly BenchTable[]> {
  const options = short ? SHORT : FULL;
  const [idle = Number.NaN] = loadavg();
  const [livePort, candidatePort] = [await freePort(), await freePort()];
  const live = await startService(livePort);
  closers.push(() => live.close());
  const candidate = await startService(candidatePort);
  closers.push(() => candidate.close());
  const load = await startLoad();
  closers.push(() => load.close());
  const proxy = await startProxy(livePort);
  closers.push(() => proxy.stop());
  const stage: Stage = { proxy, load, candidate, candidatePort };

  // Compilers and connections: nobody's figures.
  await runPhase(
    stage,
    { title: 'warm-up', candidate: 'healthy' },
    { ...options, seconds: Math.min(5, options.seconds) },
  );
  const results = new Map<string, PhaseResult[]>();
  for (let round = 0; round < options.rounds; round++) {
    // Each round begins elsewhere, so that no phase is always measured after the same other one.
    const first = (round * 3) % PHASES.length;
    for (const phase of [...PHASES.slice(first), ...PHASES.slice(0, first)]) {
      tell(`round ${round + 1} of ${options.rounds}: ${phase.title}`);
      results.set(phase.title, [...(results.get(phase.title) ?? []), await runPhase(stage, phase, options)]);
    }
  }
  tell('large uploads');
  return [
    liveTable(results, options, idle),
    await measureUploads(stage, options.uploadMegabytes, options.uploadRounds),
  ];
}

type Options = typeof FULL;

/** p50 and p99 as the median of the rounds, so that what disturbs one of them does not decide; p99.9 over all requests. */
function quantilesOf(phases: readonly PhaseResult[]): readonly (number | null)[] {
  const rounds = phases.map(({ load }) => load.milliseconds);
  const median = (share: number) => {
    return quantile(
      rounds.flatMap((each) => quantile(each, share) ?? []),
      0.5,
    );
  };
  return [median(0.5), median(0.99), quantile(rounds.flat(), 0.999)];
}

function liveTable(results: ReadonlyMap<string, readonly PhaseResult[]>, options: Options, idle: number): BenchTable {
  const { rounds, seconds, requestsPerSecond, switches } = options;
  const all = [...results].map(([title, phases]) => ({
    title,
    phases,
    load: together(phases.map(({ load }) => load)),
  }));
  const reference = quantilesOf(results.get('off') ?? []);
  const late = all.flatMap(({ load }) => load.lateMilliseconds);
  const offs = (results.get('off') ?? []).map(({ load }) => load.milliseconds);
  const shown = (share: number) => offs.map((each) => quantile(each, share)?.toFixed(2)).join(', ');
  return {
    title: 'Live requests through Envoy, by what becomes of their copies',
    columns: [
      ...['mirror', 'requests', 'failed', 'p50 ms', 'p99 ms', 'p99.9 ms'],
      ...['p50 / off', 'p99 / off', 'p99.9 / off', 'copies that Envoy tried', 'copies that arrived'],
    ],
    rows: all.map(({ title, phases, load }) => {
      const quantiles = quantilesOf(phases);
      const ratios = quantiles.map((value, index) => ratio(value, reference[index] ?? null));
      const copied = phases.map((phase) => phase.copied);
      return [
        title === 'switched on and off' ? `switched on and off ${rounds * switches} times` : title,
        load.sent,
        failed(load),
        ...quantiles,
        ...ratios,
        copied.includes(null) ? null : copied.reduce<number>((sum, count) => sum + (count ?? 0), 0),
        phases.reduce((sum, { received }) => sum + received, 0),
      ];
    }),
    notes: [
      `${rounds} rounds of ${seconds} s for each, in turn; ${requestsPerSecond} requests a second at fixed times (an open loop: a request's time counts from when it was due, so that a stall shows in every request that fell into it), on kept connections, one in five a POST of 16 KiB. Everything is copied (percent 100, methods ["*"]). Failed: any answer but 200 to 299, a reset, or none within 10 s. p50 and p99 are the medians of the rounds.`,
      `The configuration is what the operator writes for an experiment, in files that a real Envoy of one thread watches. The live service answers at once, so that nothing hides what Envoy adds; load, both services and Envoy share the machine, so that a part of what a copy costs here is the candidate's own work.`,
      `off, round by round: p50 ${shown(0.5)} ms, p99 ${shown(0.99)} ms. By what else the machine does, two runs of the same differ as off and off, again. Requests were sent at most ${quantile(late, 0.99)?.toFixed(2)} ms late in 99 of 100 cases, which is a part of their times; load average before it all began: ${idle.toFixed(1)}.`,
    ],
  };
}
