import { timestamp } from '../../api/conditions.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import { conclude } from './conclude.ts';
import type { Step } from './decision.ts';
import { isCondition, isPastDeadline, progress, report, sinceOf, waitWithin } from './report.ts';
import { questionOf } from './run.ts';
import type { World } from './world.ts';

/** The warm-up counts from the first copied request, which only the candidate's telemetry shows. */
export function awaitCopies(world: World, status: MirrorExperimentStatus): Step {
  if (status.mirroringSince !== undefined) return { status };
  const { intervalSeconds, settleSeconds } = world.experiment.spec.analysis;
  const since = sinceOf(world, status, 'Mirroring');
  const answer = world.answers.firstCopy;
  if (answer === undefined) {
    return { status, next: { kind: 'ask', ask: { what: 'firstCopy', since }, question: questionOf(world.experiment) } };
  }
  const again = Math.min(intervalSeconds, 30) * 1000;
  if (!answer.ok) {
    const failing = report(world, status, 'TelemetryFlowing', 'False', 'TelemetryError', answer.message);
    if (isPastDeadline(world, status)) {
      return conclude(
        world,
        failing,
        'Inconclusive',
        'TelemetryError',
        `telemetry could not be read: ${answer.message}`,
      );
    }
    const milliseconds = answer.retryAfterSeconds === undefined ? again : answer.retryAfterSeconds * 1000;
    return {
      status: progress(world, failing, 'AwaitingCopies', answer.message),
      next: waitWithin(world, status, milliseconds),
    };
  }
  // The candidate's clock may be off; what it says is believed as far as it is possible.
  if (answer.value !== undefined) {
    return copiesSeen(world, status, Math.min(Math.max(answer.value, since), world.now));
  }

  const { mirror, telemetry } = world.experiment.spec;
  const past = isPastDeadline(world, status);
  const silent = past || world.now - since > (settleSeconds + 2 * intervalSeconds) * 1000;
  const message = silent
    ? `no request with ${telemetry.logAnalytics.versionProperty} "${mirror.version}" since mirroring began; check that live has traffic on the mirrored routes, that the candidate sends telemetry with this property, and that its clock is right`
    : 'waiting for the telemetry of the first copied request';
  const waiting = report(
    world,
    status,
    'TelemetryFlowing',
    silent ? 'False' : 'Unknown',
    silent ? 'NoMirrorTelemetry' : 'AwaitingTelemetry',
    message,
  );
  if (past) return conclude(world, waiting, 'Inconclusive', 'NoMirrorTelemetry', message);
  return { status: progress(world, waiting, 'AwaitingCopies', message), next: waitWithin(world, status, again) };
}

function copiesSeen(world: World, status: MirrorExperimentStatus, first: number): Step {
  const seconds = Math.ceil(first / 1000) * 1000;
  const copying = isCondition(status, 'Mirroring', 'True')
    ? status
    : report(world, status, 'Mirroring', 'True', 'Copying', 'the candidate’s telemetry shows copies');
  return { status: { ...copying, mirroringSince: timestamp(seconds) }, next: { kind: 'save' } };
}
