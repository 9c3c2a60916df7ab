import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Bench, BenchTable } from './bench.ts';
import { failed } from './live/load.ts';
import { quantile, ratio } from './live/quantile.ts';
import { type Repeated, repeat, type Times } from './switching/repeat.ts';
import { SYNC_MILLISECONDS } from './switching/shop.ts';
import { setStage } from './switching/stage.ts';

const FULL = { repetitions: 20, replacements: 10, baselineSeconds: 15, requestsPerSecond: 25 };
const SHORT = { repetitions: 1, replacements: 1, baselineSeconds: 2, requestsPerSecond: 20 };

export const bench: Bench = {
  question:
    'How long does it take from kubectl apply to the first copied request, and from the verdict to the last one?',
  run: async ({ short, tell }) => {
    const options = { ...(short ? SHORT : FULL), tell };
    tell('starting etcd, kube-apiserver, the operator and telemetry');
    const stage = await setStage(!short);
    const lateness = monitorEventLoopDelay({ resolution: 5 });
    try {
      lateness.enable();
      // Side by side: both wait most of the time.
      const all = await Promise.all((['watched', 'static'] as const).map((reload) => repeat(stage, reload, options)));
      return [switchingTable(all), liveTable(all, lateness)];
    } finally {
      await stage.stop();
    }
  },
};

const ROWS: readonly (readonly [from: keyof Times, to: keyof Times])[] = [
  ['applyBegan', 'applyReturned'],
  ['applyBegan', 'candidateReady'],
  ['candidateReady', 'mirrorWritten'],
  ['mirrorWritten', 'firstCopy'],
  ['applyBegan', 'firstCopy'],
  ['verdict', 'mirrorTakenOut'],
  ['mirrorTakenOut', 'lastCopy'],
  ['verdict', 'lastCopy'],
  ['verdict', 'complete'],
];

const WORDS: Readonly<Record<keyof Times, string>> = {
  applyBegan: 'kubectl apply begins',
  applyReturned: 'kubectl apply has returned',
  candidateReady: 'the candidate’s pod is ready',
  mirrorWritten: 'the mirror is in the ConfigMap',
  firstCopy: '**the candidate gets the first copy**',
  verdict: 'the verdict is in the status',
  mirrorTakenOut: 'the mirror is out of the ConfigMap',
  lastCopy: '**the candidate gets the last copy**',
  complete: 'all is restored, the experiment complete',
};

function switchingTable(all: readonly Repeated[]): BenchTable {
  const repetitions = Math.min(...all.map(({ times }) => times.length));
  const reasons = all.flatMap((each) => each.reasons);
  const counts = [...new Set(reasons)].map((reason) => `${reason} ${reasons.filter((each) => each === reason).length}`);
  return {
    title: 'From apply to the first copy, from the verdict to the last',
    columns: ['from', 'to', ...all.flatMap(({ reload }) => [`${reload}: p50 s`, `${reload}: p99 s`])],
    rows: ROWS.map(([from, to]) => [
      WORDS[from],
      WORDS[to],
      ...all.flatMap(({ times }) => {
        const seconds = times.map((each) => (each[to] - each[from]) / 1000);
        return [quantile(seconds, 0.5), quantile(seconds, 0.99)];
      }),
    ]),
    notes: [
      `${repetitions} experiments each, one after another, static and watched side by side; with fewer than 100 the p99 is the slowest. Real etcd, kube-apiserver, operator (dist/, RBAC of deploy/), kubectl, Envoy and Application Insights SDK; pods are processes, without scheduling and image pulls. The candidate fails half of the reviews; verdicts by reason: ${counts.join(', ')}.`,
      `static: Envoy’s pod is replaced twice; the new one is ready after at most a probe’s second, the old one sleeps 2 s in preStop and copies meanwhile what users on kept connections send it. watched: ConfigMaps are projected every ${SYNC_MILLISECONDS} ms here; a real kubelet takes up to about a minute, which comes on top of the first and the last copy (measured in docs/e2e.md).`,
    ],
  };
}

function liveTable(all: readonly Repeated[], lateness: ReturnType<typeof monitorEventLoopDelay>): BenchTable {
  const late = [lateness.percentile(99), lateness.max].map((nanoseconds) => `${Math.round(nanoseconds / 1e6)} ms`);
  const figures = all.flatMap(({ reload, live }) => live.map((each) => ({ reload, ...each })));
  return {
    title: 'Live requests meanwhile',
    columns: [
      ...['configuration', 'connections', 'live requests', 'requests', 'failed'],
      ...['p50 ms', 'p99 ms', 'p50 / before', 'p99 / before'],
    ],
    rows: figures.map(({ reload, connections, title, load }) => {
      const before = figures.find((each) => each.reload === reload && each.connections === connections)?.load;
      const quantiles = [0.5, 0.99].map((share) => quantile(load.milliseconds, share));
      const ratios = [0.5, 0.99].map((share, index) =>
        ratio(quantiles[index] ?? null, quantile(before?.milliseconds ?? [], share)),
      );
      return [reload, connections, title, load.sent, failed(load), ...quantiles, ...ratios];
    }),
    notes: [
      'An open loop; one request in seven is a write. Pods of Node.js that start take processor time from everybody on this machine.',
      `Every connection passes through this benchmark’s own process, which plays kube-proxy; its event loop was late by ${late.join(' (p99) and ')} (the most), which is a part of these times.`,
      'Envoy ends at once on SIGTERM: who keeps a connection to a pod that is replaced has the request cut that is under way then, whoever replaces it. The lab’s preStop only sleeps; one that has Envoy drain its connections was not measured.',
      ...figures.flatMap(({ reload, connections, title, load: { failures } }) =>
        Object.entries(failures).map(
          ([kind, count]) => `Failed (${reload}, ${connections}, ${title}): ${kind} ${count}`,
        ),
      ),
    ],
  };
}
