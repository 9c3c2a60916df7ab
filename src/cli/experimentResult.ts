import { type Condition, getCondition } from '../api/conditions.ts';
import { exitCodeOf } from '../api/exitCodes.ts';
import { type Experiment, type ExperimentIdentity, parseExperiment } from '../api/experiment.ts';
import type { MirrorExperimentSpec, MirrorExperimentStatus } from '../api/types.generated.ts';
import type { EvidenceShares } from '../core/status/evidenceShares.ts';
import { count, milliseconds, percent } from '../core/status/format.ts';
import type { GateRow, Result } from './output/result.ts';

/** An experiment as a command sees it; `spec` is absent when this version cannot read it. */
export type SeenExperiment = ExperimentIdentity & Partial<Pick<Experiment, 'spec'>>;

/** @throws Error when the answer is no MirrorExperiment at all */
export function readExperiment(object: unknown): SeenExperiment {
  const parsed = parseExperiment(object);
  if (parsed.kind === 'experiment') return parsed.experiment;
  if (parsed.identity === undefined) throw new Error('the answer is no MirrorExperiment; is this the API server?');
  return parsed.identity;
}

/** The condition, if it speaks of the present spec. */
export function currentCondition(
  { status, generation }: SeenExperiment,
  type: Parameters<typeof getCondition>[1],
): Condition | undefined {
  const condition = getCondition(status.conditions, type);
  return condition?.observedGeneration === generation ? condition : undefined;
}

/** True when the run of the present spec has its verdict and everything is restored. */
export function isComplete(experiment: SeenExperiment): boolean {
  return currentCondition(experiment, 'Complete')?.status === 'True';
}

/** What an experiment's status says, for every output format. */
export function experimentResult(experiment: SeenExperiment): Result {
  const { namespace, name, uid, generation, status } = experiment;
  const passed = currentCondition(experiment, 'Passed');
  const complete = isComplete(experiment);
  // A status that is still of an earlier spec says nothing about this one.
  const shown: MirrorExperimentStatus = passed === undefined ? {} : status;
  const verdict = shown.verdict ?? 'Running';
  const reason = passed?.reason ?? 'Waiting';
  const { requests, latency, meanLatency, errors, progress, routes, routesLeftOut } = shown;
  return {
    subject: `${namespace}/${name}`,
    verdict,
    reason,
    summary: shown.summary ?? 'no operator has taken it up yet',
    exitCode: complete ? exitCodeOf(verdict, reason) : 2,
    gates: gateRows(shown, experiment.spec),
    figures: {
      experiment: { namespace, name, uid, generation },
      complete,
      ...{ startTime: shown.startTime, mirroringSince: shown.mirroringSince, completionTime: shown.completionTime },
      ...{ candidateImage: shown.candidateImage, requests, latency, meanLatency, errors, progress },
      ...{ routes, routesLeftOut },
      conditions: shown.conditions ?? [],
    },
  };
}

type Latency = NonNullable<MirrorExperimentStatus['latency']>;
type Errors = NonNullable<MirrorExperimentStatus['errors']>;
type Cells = Pick<GateRow, 'live' | 'mirror' | 'delta' | 'tolerated'>;

const NOTHING: Cells = { live: '-', mirror: '-', delta: '-', tolerated: '-' };

function gateRows(status: MirrorExperimentStatus, spec: MirrorExperimentSpec | undefined): GateRow[] {
  const unknown = { towardsPass: '', towardsFail: '' };
  const routes = (status.routes ?? []).map((route): GateRow => {
    const gate = route.reason ?? '-';
    return { verdict: route.verdict, route: route.name, gate, ...cellsOf(gate, route, spec), ...unknown };
  });
  const { latency = [], errors, requests } = status;
  const gates = [
    ...latency.map(({ percentile }) => `p${percentile}`),
    ...(errors ? ['errors'] : []),
    ...(requests ? ['coverage'] : []),
  ];
  const all = gates.map((gate): GateRow => {
    const progress = status.progress?.find((each) => each.gate === gate);
    const shares = progress === undefined ? unknown : shareCells(progress);
    const cells = cellsOf(gate, status, spec);
    return { verdict: progress?.verdict ?? '-', route: '(all)', gate, ...cells, ...shares };
  });
  return [...routes, ...all];
}

interface Figures {
  readonly requests?: MirrorExperimentStatus['requests'];
  readonly latency?: Latency;
  readonly errors?: Errors;
}

function cellsOf(gate: string, figures: Figures, spec: MirrorExperimentSpec | undefined): Cells {
  const latency = figures.latency?.find(({ percentile }) => `p${percentile}` === gate);
  if (latency !== undefined) return latencyCells(latency, spec);
  if (gate === 'errors' && figures.errors !== undefined) return errorCells(figures.errors, spec);
  if (gate === 'coverage') return coverageCells(figures.requests, spec);
  // All gates of a route: how much it had, and the deltas in short.
  const { live, mirror } = figures.requests ?? {};
  const deltas = (figures.latency ?? []).flatMap(({ percentile, delta }) =>
    delta === undefined ? [] : [`p${percentile} ${delta}`],
  );
  const all = [...deltas, ...(figures.errors?.delta === undefined ? [] : [`errors ${figures.errors.delta}`])];
  return { live: known(live, count), mirror: known(mirror, count), delta: all.join(', ') || '-', tolerated: '-' };
}

function latencyCells(latency: Latency[number], spec: MirrorExperimentSpec | undefined): Cells {
  const { percentile, liveMilliseconds: live, mirrorMilliseconds: mirror, delta = '-', deltaInterval } = latency;
  const setting = spec?.analysis.latency.find((each) => each.percentile === percentile);
  const tolerated =
    setting === undefined || live === undefined
      ? '-'
      : `+${milliseconds(Math.max((live * setting.maxIncreasePercent) / 100, setting.maxIncreaseMilliseconds))} ms`;
  return {
    live: known(live, (value) => `${milliseconds(value)} ms`),
    mirror: known(mirror, (value) => `${milliseconds(value)} ms`),
    delta: delta + intervalText(deltaInterval, milliseconds),
    tolerated,
  };
}

function errorCells(errors: Errors, spec: MirrorExperimentSpec | undefined): Cells {
  const { livePercent, mirrorPercent, delta = '-', deltaInterval } = errors;
  return {
    live: known(livePercent, (value) => `${percent(value)} %`),
    mirror: known(mirrorPercent, (value) => `${percent(value)} %`),
    delta: delta + intervalText(deltaInterval, percent),
    tolerated: spec === undefined ? '-' : `+${percent(spec.analysis.errors.maxIncreaseBasisPoints / 100)} pp`,
  };
}

function coverageCells(requests: Figures['requests'], spec: MirrorExperimentSpec | undefined): Cells {
  if (requests === undefined) return NOTHING;
  const { live, mirror } = requests;
  const copied = spec?.traffic.percent;
  const lost =
    copied === undefined || !live || mirror === undefined
      ? undefined
      : Math.max(0, 100 - (100 * 100 * mirror) / (copied * live));
  return {
    live: known(live, count),
    mirror: known(mirror, count),
    delta: known(lost, (value) => `${percent(value)} % lost`),
    tolerated: spec === undefined ? '-' : `${percent(spec.analysis.coverage.maxLossPercent)} % lost`,
  };
}

/** A dash: a Pass needs no evidence of this gate. */
export function shareCells({ towardsFailPercent, towardsPassPercent }: EvidenceShares) {
  return {
    towardsFail: `${towardsFailPercent} %`,
    towardsPass: towardsPassPercent === undefined ? '-' : `${towardsPassPercent} %`,
  };
}

/** `[?` and `?]`: there is no bound yet. */
export function intervalText(
  interval: { readonly lower?: number | null; readonly upper?: number | null } | undefined,
  text: (value: number) => string,
): string {
  if (interval === undefined) return '';
  const end = (value: number | null | undefined) =>
    value === null || value === undefined ? '?' : `${value < 0 ? '−' : ''}${text(Math.abs(value))}`;
  return ` [${end(interval.lower)}, ${end(interval.upper)}]`;
}

function known<T>(value: T | undefined, text: (value: T) => string): string {
  return value === undefined ? '-' : text(value);
}
