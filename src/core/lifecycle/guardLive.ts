import { timestamp } from '../../api/conditions.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import {
  type GuardTimes,
  type GuardWindow,
  guardBlockSeconds,
  guardWindowAt,
  nextGuardLook,
} from '../guardSchedule.ts';
import { windowAt } from '../schedule.ts';
import { explainDegraded } from '../status/explainDegraded.ts';
import { liveFigures } from '../status/liveFigures.ts';
import { guardLive as evaluate, type GuardEvaluation } from '../verdict/liveGuard.ts';
import { conclude } from './conclude.ts';
import type { Decision, Step } from './decision.ts';
import { isPatched } from './markPatched.ts';
import { isCondition, isPastDeadline, report } from './report.ts';
import { questionOf, targetRefs } from './run.ts';
import type { WindowSamples, World } from './world.ts';

/**
 * Ends mirroring when live has got worse since. From the switch on, whatever else the experiment waits for, and before the
 * candidate is judged. A look that fails ends nothing: the deadline bounds the time in which nobody looks.
 */
export function guardLive(world: World, status: MirrorExperimentStatus): Step {
  if (!world.experiment.spec.analysis.liveGuard.enabled) return { status: disabled(world, status) };
  const switchOn = guardedSince(world, status);
  if (switchOn === undefined || isPastDeadline(world, status)) return { status };
  const { guard, confirmGuard } = world.answers;
  if (guard === undefined) return look(world, status, switchOn);
  if (!guard.ok) return { status: failed(world, status, guard.message) };

  const first = judge(world, switchOn, guard.value);
  const shown = show(world, status, first);
  if (first.evaluation.worst === undefined) return { status: shown };
  if (confirmGuard === undefined) return ask(world, shown, 'confirmGuard', first.window);
  if (!confirmGuard.ok) return { status: failed(world, shown, confirmGuard.message) };
  const second = judge(world, switchOn, confirmGuard.value);
  const confirmed = show(world, status, second);
  const { worst } = second.evaluation;
  if (worst === undefined) return { status: confirmed };
  const message = explainDegraded(worst, world.experiment.spec.analysis.liveGuard);
  const degraded = report(world, confirmed, 'LiveHealthy', 'False', 'LiveDegraded', message);
  return conclude(world, degraded, 'Inconclusive', 'LiveDegraded', message);
}

/** A wait that the guard's next look ends. While the candidate is analysed that goes on at every interval by itself. */
export function wakeForGuard(world: World, decision: Decision): Decision {
  const { status, next } = decision;
  const { analysis } = world.experiment.spec;
  if (next.kind !== 'wait' || status.verdict !== undefined || !analysis.liveGuard.enabled) return decision;
  const switchOn = guardedSince(world, status);
  const analysed = windowAt(world.now, Date.parse(status.mirroringSince ?? ''), analysis) !== undefined;
  if (switchOn === undefined || analysed || isPastDeadline(world, status)) return decision;
  const left = nextGuardLook(switchOn, lastLook(world, status), timesOf(world)) - world.now;
  return { status, next: { kind: 'wait', milliseconds: Math.min(next.milliseconds, Math.max(left, SHORTEST_WAIT)) } };
}

const SHORTEST_WAIT = 1000;

/** When live began to be mirrored; undefined: it is not. */
function guardedSince(world: World, status: MirrorExperimentStatus): number | undefined {
  const [config] = targetRefs(world.experiment);
  const switchOn = Date.parse(status.switchOnTime ?? '');
  return config !== undefined && isPatched(status, config) && !Number.isNaN(switchOn) ? switchOn : undefined;
}

function look(world: World, status: MirrorExperimentStatus, switchOn: number): Step {
  const times = timesOf(world);
  // The look that comes with an analysis may come a little before its time.
  const slack = (times.intervalSeconds * 1000) / 4;
  if (world.now < nextGuardLook(switchOn, lastLook(world, status), times) - slack) return { status };
  const window = guardWindowAt(world.now, switchOn, times);
  return window === undefined ? { status } : ask(world, status, 'guard', window);
}

function ask(
  world: World,
  status: MirrorExperimentStatus,
  what: 'guard' | 'confirmGuard',
  { start, switchOn, from, end }: GuardWindow,
): Decision {
  const question = {
    ...questionOf(world.experiment),
    // Copies of reads may harm what only writes use.
    methods: ['*'],
    latency: world.experiment.spec.analysis.liveGuard.latency,
    intervalSeconds: guardBlockSeconds(timesOf(world)),
    compare: { switchOn, from },
  };
  return { status, next: { kind: 'ask', ask: { what, start, end }, question } };
}

interface Judged {
  readonly window: GuardWindow;
  readonly evaluation: GuardEvaluation;
}

function judge(world: World, switchOn: number, { end, samples }: WindowSamples): Judged {
  const { falseAlarmPercent, minRequests, liveGuard } = world.experiment.spec.analysis;
  const { latency, maxIncreaseBasisPoints } = liveGuard;
  const window = guardWindowAt(end, switchOn, timesOf(world));
  if (window === undefined) throw new RangeError('the guard was asked about a time before its first look');
  const settings = { falseAlarmPercent, minRequests, latency, maxIncreaseBasisPoints, stretch: window.stretch };
  return { window, evaluation: evaluate(samples, settings) };
}

function show(world: World, status: MirrorExperimentStatus, { window, evaluation }: Judged): MirrorExperimentStatus {
  const { liveGuard, minRequests } = world.experiment.spec.analysis;
  const live = { lookTime: timestamp(world.now), ...liveFigures(evaluation.all, window, liveGuard.latency) };
  const seen = { ...status, live };
  const few = `fewer than ${minRequests} requests (minRequests) or too little of the time`;
  switch (evaluation.state) {
    case 'TooLittleBefore': {
      const message = `live had ${few} in the ${liveGuard.baselineSeconds} s before it was mirrored (baselineSeconds), so there is nothing to compare it with`;
      return report(world, seen, 'LiveHealthy', 'Unknown', 'NoBaseline', message);
    }
    case 'TooLittleSince': {
      const message = `live had ${few} since ${timestamp(window.from)}; check that it still has traffic and sends telemetry`;
      return report(world, seen, 'LiveHealthy', 'Unknown', 'TooFewRequests', message);
    }
    default:
      return report(world, seen, 'LiveHealthy', 'True', 'Watching', 'there is no sign that live has got worse');
  }
}

function failed(world: World, status: MirrorExperimentStatus, message: string): MirrorExperimentStatus {
  const looked = { ...status, live: { ...status.live, lookTime: timestamp(world.now) } };
  return report(world, looked, 'LiveHealthy', 'Unknown', 'TelemetryError', message);
}

function disabled(world: World, status: MirrorExperimentStatus): MirrorExperimentStatus {
  if (isCondition(status, 'LiveHealthy', 'Unknown', 'Disabled')) return status;
  return report(world, status, 'LiveHealthy', 'Unknown', 'Disabled', 'spec.analysis.liveGuard.enabled is false');
}

function lastLook(world: World, status: MirrorExperimentStatus): number | undefined {
  const look = Date.parse(status.live?.lookTime ?? '');
  // A look that is still to come was made by a clock that has been set back since.
  return look <= world.now ? look : undefined;
}

function timesOf(world: World): GuardTimes {
  const { intervalSeconds, liveGuard } = world.experiment.spec.analysis;
  return { intervalSeconds, baselineSeconds: liveGuard.baselineSeconds };
}
