import { timestamp } from '../../api/conditions.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { GuardWindow } from '../guardSchedule.ts';
import { histogramFrom, quantileOf } from '../stats/histogram.ts';
import type { EvidenceArm } from '../verdict/evidence.ts';
import type { LiveStretches } from '../verdict/standardise.ts';
import { round } from './format.ts';

type Figures = Pick<NonNullable<MirrorExperimentStatus['live']>, 'before' | 'since'>;

/** What live was before it was mirrored and is since, as the status shows it. */
export function liveFigures(
  { before, since }: LiveStretches,
  window: GuardWindow,
  gates: readonly { readonly percentile: number }[],
): Figures {
  return {
    before: { from: timestamp(window.start), to: timestamp(window.switchOn), ...figures(before, gates) },
    since: { from: timestamp(window.from), to: timestamp(window.end), ...figures(since, gates) },
  };
}

function figures({ requests, errors, histogram }: EvidenceArm, gates: readonly { readonly percentile: number }[]) {
  const durations = histogramFrom(histogram);
  return {
    requests: Math.round(requests),
    ...(requests > 0 && { errorsPercent: round((100 * errors) / requests) }),
    latency: gates.flatMap(({ percentile }) => {
      const milliseconds = quantileOf(durations, percentile / 100);
      return milliseconds === null ? [] : [{ percentile, milliseconds: round(milliseconds) }];
    }),
  };
}
