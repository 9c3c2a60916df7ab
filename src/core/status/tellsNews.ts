import type { MirrorExperimentStatus } from '../../api/types.generated.ts';

/**
 * True when a status says something else than the one before: a condition with another status or reason, a verdict, a gate
 * or a route that is decided, a target, a time of the run. False when only figures differ, and the texts that have figures in
 * them: those are as good a while later.
 */
export function tellsNews(before: MirrorExperimentStatus, after: MirrorExperimentStatus): boolean {
  return canonical(essence(before)) !== canonical(essence(after));
}

/**
 * The same, apart from gates and routes that have been decided: that rests on telemetry alone, and not on what is known of
 * the objects that the run is about.
 */
export function tellsNewsOfRun(before: MirrorExperimentStatus, after: MirrorExperimentStatus): boolean {
  return tellsNews(ofRun(before), ofRun(after));
}

function ofRun({ progress: _gates, routes: _routes, ...rest }: MirrorExperimentStatus): MirrorExperimentStatus {
  return rest;
}

/** When the figures of a status were measured, in ms since the epoch; undefined: it has none. */
export function figuresTime({ lastAnalysisTime, live }: MirrorExperimentStatus): number | undefined {
  const times = [lastAnalysisTime, live?.lookTime].flatMap((text) => (text === undefined ? [] : Date.parse(text)));
  return times.length === 0 ? undefined : Math.max(...times);
}

function essence(status: MirrorExperimentStatus): object {
  const { summary, lastAnalysisTime, requests, latency, meanLatency, errors, live, routesLeftOut, ...rest } = status;
  const { conditions = [], progress = [], routes = [], ...others } = rest;
  return {
    ...others,
    conditions: conditions.map(({ message: _, ...condition }) => condition),
    gates: progress.map(({ gate, verdict }) => [gate, verdict]),
    // Which of the undecided ones are among the worst, and are listed, changes with the figures.
    routes: routes.flatMap(({ name, verdict }) => (verdict === 'Running' ? [] : [`${verdict} ${name}`])).sort(),
    shown: [lastAnalysisTime, live].map((each) => each !== undefined),
  };
}

/** JSON with sorted keys: the API server gives them back in another order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
