import { type AuditedRequest, auditedRequests, mean, quantile, sampleProcess } from './figures.ts';
import { pause, until } from './pace.ts';
import { type Arrival, arrive, createExperiments, createTargets, indices } from './population.ts';
import type { Look } from './provider.ts';
import { inScene, type Operator } from './scene.ts';

export interface ScaleOptions {
  readonly experiments: number;
  readonly intervalSeconds: number;
  /** For which it is measured, after all of them are under way. */
  readonly seconds: number;
  /** Created and deleted one after another meanwhile. */
  readonly newcomers: number;
  /** The operator as it ships (dist/), or else from source. */
  readonly built: boolean;
  readonly tell: (what: string) => void;
}

/** Sizes in MiB, times in the unit of their name; per minute. */
export interface ScaleFigures {
  readonly experiments: number;
  readonly rssMean: number;
  readonly rssPeak: number;
  /** Of the second half against the first; 1 is flat. */
  readonly rssGrowth: number;
  readonly cpuSeconds: number;
  readonly apiRequests: number;
  readonly apiRequestsByKind: Readonly<Record<string, number>>;
  readonly queries: number;
  readonly questions: number;
  readonly refusedQueries: number;
  readonly mostQueriesAtOnce: number;
  readonly mostQueriesIn30Seconds: number;
  readonly looks: number;
  /** Of two looks at one experiment, against what was planned. */
  readonly intervalP01: number;
  readonly intervalP50: number;
  readonly intervalP99: number;
  /** Share of the looks that came within 5 % of the planned interval. */
  readonly kept: number;
  readonly eventLoopDelayP99Milliseconds: number;
  readonly arrivals: readonly Arrival[];
  readonly failures: number;
}

/** One operator that carries so many running experiments, in the middle of which others come and go. */
export function measureScale(options: ScaleOptions): Promise<ScaleFigures> {
  const { experiments: count, intervalSeconds, tell } = options;
  return inScene(async (scene) => {
    tell(`applying what ${count} experiments are about`);
    await createTargets(scene.api, count + options.newcomers);
    const operator = await scene.startOperator(options.built);
    tell(`applying ${count} experiments`);
    await createExperiments(scene.api, count, intervalSeconds, Math.max(intervalSeconds * 1000, count * 30));
    await until(
      () => [...scene.watched.experiments.values()].filter(({ isUnderWay }) => isUnderWay).length >= count,
      600,
    );

    tell(`measuring for ${options.seconds} s`);
    await scene.asked();
    const rss: number[] = [];
    const delays: number[] = [];
    await eventLoopDelay(operator);
    const start = { at: Date.now(), ...sampleProcess(operator.pid) };
    for (const _ of indices(options.seconds)) {
      await pause(start.at + 1000 * (rss.length + 1) - Date.now());
      rss.push(sampleProcess(operator.pid).rssMegabytes);
      if (rss.length % 10 === 0) delays.push(await eventLoopDelay(operator));
    }
    const end = { at: Date.now(), ...sampleProcess(operator.pid) };
    const asked = await scene.asked();
    tell(`${options.newcomers} newcomers, one after another`);
    const arrivals: Arrival[] = [];
    for (const index of indices(options.newcomers)) arrivals.push(await arrive(scene, count + index, intervalSeconds));

    // The audit log is written in the background, and has long been written for the time measured.
    const requests = auditedRequests(scene.auditLog).filter(({ stageTimestamp }) => {
      const time = Date.parse(stageTimestamp);
      return time >= start.at && time < end.at;
    });
    const minutes = (end.at - start.at) / 60_000;
    const half = Math.floor(rss.length / 2);
    const pairs = Object.values(asked.looks).flatMap(intervals);
    const actual = pairs.map(({ actual, planned }) => (intervalSeconds * actual) / planned);
    return {
      experiments: count,
      rssMean: mean(rss),
      rssPeak: Math.max(...rss),
      rssGrowth: mean(rss.slice(half)) / mean(rss.slice(0, half)),
      cpuSeconds: (end.cpuSeconds - start.cpuSeconds) / minutes,
      apiRequests: requests.length / minutes,
      apiRequestsByKind: perMinute(requests, minutes),
      queries: asked.queries / minutes,
      questions: asked.questions / minutes,
      refusedQueries: asked.refused,
      mostQueriesAtOnce: asked.mostAtOnce,
      mostQueriesIn30Seconds: asked.mostIn30Seconds,
      looks: pairs.length,
      intervalP01: quantile(actual, 0.01),
      intervalP50: quantile(actual, 0.5),
      intervalP99: quantile(actual, 0.99),
      kept: mean(pairs.map(({ actual, planned }) => (Math.abs(actual / planned - 1) <= 0.05 ? 1 : 0))),
      eventLoopDelayP99Milliseconds: mean(delays) * 1000 - EVENT_LOOP_TIMER_MILLISECONDS,
      arrivals,
      failures: scene.failures.length,
    };
  });
}

/** In milliseconds, between the looks at one experiment: as they came, and as their windows were planned. */
function intervals(looks: readonly Look[]): readonly { readonly actual: number; readonly planned: number }[] {
  return looks.slice(1).flatMap((look, index) => {
    const before = looks[index];
    // A second read of one window, before a verdict, is no look of its own.
    return before === undefined || look.end <= before.end
      ? []
      : [{ actual: look.at - before.at, planned: look.end - before.end }];
  });
}

/** The metric is the time between two calls of a timer: an idle operator's is this. */
const EVENT_LOOP_TIMER_MILLISECONDS = 20;

/** In seconds, since the last time that it was asked for. */
async function eventLoopDelay(operator: Operator): Promise<number> {
  const text = await operator.metrics();
  const value = /^nodejs_eventloop_lag_p99_seconds(?:\{[^}]*\})? (\S+)$/m.exec(text)?.[1];
  if (value === undefined) throw new Error('the operator has no metric nodejs_eventloop_lag_p99_seconds');
  return Number(value);
}

function perMinute(requests: readonly AuditedRequest[], minutes: number): Record<string, number> {
  const kinds = Object.entries(
    Object.groupBy(requests, ({ verb, objectRef, responseStatus }) => {
      const { resource = 'other', subresource } = objectRef ?? {};
      const refused = (responseStatus?.code ?? 200) >= 400 ? ` ${responseStatus?.code}` : '';
      return `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}${refused}`;
    }),
  );
  return Object.fromEntries(kinds.map(([kind, all]) => [kind, Math.round((10 * (all?.length ?? 0)) / minutes) / 10]));
}
