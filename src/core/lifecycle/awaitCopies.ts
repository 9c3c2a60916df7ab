import { timestamp } from '../../api/conditions.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { Samples } from '../samples/samples.ts';
import { conclude } from './conclude.ts';
import type { Decision, Step } from './decision.ts';
import { isCondition, isPastDeadline, progress, report, sinceOf, waitWithin } from './report.ts';
import { questionOf } from './run.ts';
import type { Answer, World } from './world.ts';

/**
 * The warm-up counts from the first copied request, which only the candidate's telemetry shows. When live has had enough
 * requests that must have been copied, and the candidate reports none, nothing is gained by waiting for the deadline.
 */
export function awaitCopies(world: World, status: MirrorExperimentStatus): Step {
  if (status.mirroringSince !== undefined) return { status };
  const since = sinceOf(world, status, 'Mirroring');
  const answer = world.answers.firstCopy;
  if (answer === undefined) {
    return { status, next: { kind: 'ask', ask: { what: 'firstCopy', since }, question: questionOf(world.experiment) } };
  }
  if (!answer.ok) return telemetryFailed(world, status, answer);
  // The candidate's clock may be off; what it says is believed as far as it is possible.
  if (answer.value !== undefined) {
    return copiesSeen(world, status, Math.min(Math.max(answer.value, since), world.now));
  }
  const window = overdueWindow(world, since, isPastDeadline(world, status) ? 0 : LOOKS);
  if (window === undefined) return noCopies(world, status, since, undefined);
  const { read } = world.answers;
  if (read === undefined) {
    return { status, next: { kind: 'ask', ask: { what: 'read', ...window }, question: questionOf(world.experiment) } };
  }
  return read.ok ? noCopies(world, status, since, read.value.samples) : telemetryFailed(world, status, read);
}

/** @param samples of the time whose copies should long be there; undefined: there is no such time yet */
function noCopies(world: World, status: MirrorExperimentStatus, since: number, samples: Samples | undefined): Decision {
  const { live, mirror } = world.experiment.spec;
  const { versionProperty } = world.experiment.spec.telemetry.logAnalytics;
  const { intervalSeconds, settleSeconds, minRequests } = world.experiment.spec.analysis;
  const past = isPastDeadline(world, status);
  const [ofLive, ofMirror] = [requestsOf(samples, 'live'), requestsOf(samples, 'mirror')];
  if (samples !== undefined && ofLive === 0) {
    const message = `no request with ${versionProperty} "${live.version}" since mirroring began, and none of the candidate; check spec.live.version, that live has traffic on the mirrored routes and sends telemetry with this property, and that its clock is right`;
    return waitOrEnd(
      world,
      report(world, status, 'TelemetryFlowing', 'False', 'NoLiveTelemetry', message),
      message,
      past,
    );
  }
  const copies = Math.floor((ofLive * copiedPercent(world, status)) / 100);
  const isSilent = ofMirror === 0 && copies >= minRequests;
  if (!past && !isSilent && world.now - since <= (settleSeconds + 2 * intervalSeconds) * 1000) {
    const message = 'waiting for the telemetry of the first copied request';
    const waiting = report(world, status, 'TelemetryFlowing', 'Unknown', 'AwaitingTelemetry', message);
    return waitOrEnd(world, waiting, message, false);
  }
  const figures = samples === undefined ? '' : ` (live ${ofLive} requests, candidate none)`;
  const message = `no request with ${versionProperty} "${mirror.version}" since mirroring began${figures}; check that live has traffic on the mirrored routes, that the candidate sends telemetry with this property, and that its clock is right`;
  const silent = report(world, status, 'TelemetryFlowing', 'False', 'NoMirrorTelemetry', message);
  return waitOrEnd(world, silent, message, past || isSilent);
}

/** Where Envoy watches its files: the kubelet syncs a ConfigMap once a minute, from a cache that may be a minute old. */
const PROJECTION_MILLISECONDS = 120_000;

/**
 * Looks for which the copies of a window must have been missing: telemetry of one version may come later than
 * settleSeconds for a while.
 */
const LOOKS = 3;

/** From when on every request must have been copied to when its copy must long have been seen; whole intervals. */
function overdueWindow(world: World, since: number, looks: number): { start: number; end: number } | undefined {
  const { intervalSeconds, settleSeconds } = world.experiment.spec.analysis;
  const isWatched = world.experiment.spec.traffic.envoy.reload === undefined;
  const start = since + (isWatched ? PROJECTION_MILLISECONDS : 0);
  const interval = intervalSeconds * 1000;
  const intervals = Math.floor((world.now - settleSeconds * 1000 - looks * interval - start) / interval);
  return intervals < 1 ? undefined : { start, end: start + intervals * interval };
}

/** The smallest share that may have been copied: a ramp begins with less than the spec's. */
function copiedPercent(world: World, { percent }: MirrorExperimentStatus): number {
  return Math.min(percent ?? 100, world.experiment.spec.traffic.percent);
}

function requestsOf(samples: Samples | undefined, arm: 'live' | 'mirror'): number {
  return (samples?.routes ?? []).reduce((sum, route) => sum + route[arm].requests, 0);
}

function telemetryFailed(
  world: World,
  status: MirrorExperimentStatus,
  { message, retryAfterSeconds }: Extract<Answer<unknown>, { ok: false }>,
): Decision {
  const failing = report(world, status, 'TelemetryFlowing', 'False', 'TelemetryError', message);
  if (isPastDeadline(world, status)) {
    return conclude(world, failing, 'Inconclusive', 'TelemetryError', `telemetry could not be read: ${message}`);
  }
  const milliseconds = retryAfterSeconds === undefined ? pollMilliseconds(world) : retryAfterSeconds * 1000;
  return {
    status: progress(world, failing, 'AwaitingCopies', message),
    next: waitWithin(world, status, milliseconds),
  };
}

function waitOrEnd(world: World, status: MirrorExperimentStatus, message: string, ends: boolean): Decision {
  if (ends) {
    const isLive = isCondition(status, 'TelemetryFlowing', 'False', 'NoLiveTelemetry');
    return conclude(world, status, 'Inconclusive', isLive ? 'NoLiveTelemetry' : 'NoMirrorTelemetry', message);
  }
  return {
    status: progress(world, status, 'AwaitingCopies', message),
    next: waitWithin(world, status, pollMilliseconds(world)),
  };
}

function pollMilliseconds(world: World): number {
  return Math.min(world.experiment.spec.analysis.intervalSeconds, 30) * 1000;
}

function copiesSeen(world: World, status: MirrorExperimentStatus, first: number): Step {
  const seconds = Math.ceil(first / 1000) * 1000;
  const copying = isCondition(status, 'Mirroring', 'True')
    ? status
    : report(world, status, 'Mirroring', 'True', 'Copying', 'the candidate’s telemetry shows copies');
  return { status: { ...copying, mirroringSince: timestamp(seconds) }, next: { kind: 'save' } };
}
