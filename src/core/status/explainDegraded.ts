import { histogramFrom, quantileOf } from '../stats/histogram.ts';
import { ALL_ROUTES, type EvidenceArm, type LatencyTolerance } from '../verdict/evidence.ts';
import type { GuardFinding } from '../verdict/liveGuard.ts';
import { count, milliseconds, percent } from './format.ts';

/** What has got worse about live, by how much, and what was tolerated. */
export function explainDegraded(
  { gate, route }: GuardFinding,
  guard: { readonly latency: readonly LatencyTolerance[]; readonly maxIncreaseBasisPoints: number },
): string {
  const of = route.name === ALL_ROUTES ? 'live' : `live’s ${route.name}`;
  const since = `since its requests are copied, after ${count(route.since.requests)} requests`;
  const tolerance = guard.latency.find(({ percentile }) => `p${percentile}` === gate);
  if (tolerance === undefined) {
    const [from, to] = [errorPercent(route.before), errorPercent(route.since)];
    const tolerated = percent(guard.maxIncreaseBasisPoints / 100);
    return `errors of ${of} rose ${percent(to - from)} percentage points (${percent(from)} % → ${percent(to)} %; tolerated ${tolerated}) ${since}`;
  }
  const [from, to] = [quantile(route.before, tolerance), quantile(route.since, tolerance)];
  const tolerated = Math.max((from * tolerance.maxIncreasePercent) / 100, tolerance.maxIncreaseMilliseconds);
  return `${gate} of ${of} rose ${milliseconds(to - from)} ms (${milliseconds(from)} → ${milliseconds(to)}; tolerated ${milliseconds(tolerated)}) ${since}`;
}

function quantile({ histogram }: EvidenceArm, { percentile }: LatencyTolerance): number {
  return quantileOf(histogramFrom(histogram), percentile / 100) ?? 0;
}

function errorPercent({ errors, requests }: EvidenceArm): number {
  return requests > 0 ? (100 * errors) / requests : 0;
}
