import type { BlockArmSamples, RouteSamples, Samples } from '../samples/samples.ts';
import { type ArmBlocks, armDispersion } from '../stats/armDispersion.ts';
import { type ErrorCount, errorFailEvidence, leastFavourablePairing } from '../stats/errorEvidence.ts';
import { type Histogram, histogramFrom } from '../stats/histogram.ts';
import { kishSize } from '../stats/kishSize.ts';
import { quantileFailEvidence } from '../stats/quantileEvidence.ts';
import { increaseTolerance } from '../stats/toleranceMap.ts';
import { alphaShare } from './alphaSplit.ts';
import type { EvidenceArm, LatencyTolerance } from './evidence.ts';
import { type LiveStretches, standardise } from './standardise.ts';

const MAJOR_SHARE = 0.1;
const BLOCKS_BEFORE = 10;
const BLOCKS_SINCE = 2;

export interface GuardSettings {
  readonly falseAlarmPercent: number;
  /** In each of the two stretches. */
  readonly minRequests: number;
  readonly latency: readonly LatencyTolerance[];
  readonly maxIncreaseBasisPoints: number;
  /** 1 for the first stretch of time since the switch, 2 for the next …; each has its share of the false-alarm rate. */
  readonly stretch: number;
}

export interface GuardEvaluation {
  /** Before: live had too little traffic to be compared with. Since: it has too little now. */
  readonly state: 'Watching' | 'TooLittleBefore' | 'TooLittleSince' | 'Degraded';
  /** All routes, in the mix of before. */
  readonly all: LiveStretches;
  /** What has got worse the clearest. */
  readonly worst?: GuardFinding;
}

export interface GuardFinding {
  /** `p<percentile>` or `errors`. */
  readonly gate: string;
  readonly route: LiveStretches;
  readonly logEvidence: number;
  readonly threshold: number;
}

/**
 * Whether live has got worse than tolerated since its requests are copied: the evidence of the candidate's gates, towards
 * a fail only, with live before in the place of live and live since in that of the mirror. Judged are the sum over the
 * routes and every route with a tenth of the requests.
 * @param samples as read with `compare`: `live` is before, `mirror` is since
 */
export function guardLive(samples: Samples, settings: GuardSettings): GuardEvaluation {
  const all = standardise(samples.routes);
  const size = (arm: EvidenceArm) => kishSize(arm.requests, arm.sumSquaredWeights);
  if (size(all.before) < settings.minRequests || blocksWith(all, 'before') < BLOCKS_BEFORE) {
    return { state: 'TooLittleBefore', all };
  }
  if (size(all.since) < settings.minRequests || blocksWith(all, 'since') < BLOCKS_SINCE) {
    return { state: 'TooLittleSince', all };
  }
  const [worst] = groupsOf(all, samples.routes)
    .flatMap((group, index) => findingsOf(group, index + 1, settings))
    .sort((a, b) => b.logEvidence - b.threshold - (a.logEvidence - a.threshold));
  return worst === undefined ? { state: 'Watching', all } : { state: 'Degraded', all, worst };
}

/** The sum first; then, where there are several, the major routes in the order of their first request. */
function groupsOf(all: LiveStretches, routes: readonly RouteSamples[]): readonly LiveStretches[] {
  if (routes.length < 2) return [all];
  const requests = routes.reduce((sum, { live }) => sum + live.requests, 0);
  const major = routes.filter(({ live }) => live.requests >= MAJOR_SHARE * requests);
  return [all, ...major.map((route) => standardise([route]))];
}

/** Every gate that is out of tolerance. */
function findingsOf(route: LiveStretches, rank: number, settings: GuardSettings): GuardFinding[] {
  if (blocksWith(route, 'before') < BLOCKS_BEFORE || blocksWith(route, 'since') < BLOCKS_SINCE) return [];
  const { latency, stretch, minRequests } = settings;
  const share = alphaShare(settings.falseAlarmPercent / 100, rank, latency.length + 1) / (stretch * (stretch + 1));
  const threshold = Math.log(1 / share);
  const [before, since] = [histogramOf(route.before), histogramOf(route.since)];
  const findings: GuardFinding[] = [];
  if (Math.min(before.effectiveSize, since.effectiveSize) >= minRequests) {
    for (const gate of latency) {
      const logEvidence = latencyEvidence(route, gate, before, since, threshold);
      if (logEvidence >= threshold) findings.push({ gate: `p${gate.percentile}`, route, logEvidence, threshold });
    }
  }
  const [errorsBefore, errorsSince] = [errorsOf(route.before), errorsOf(route.since)];
  if (Math.min(errorsBefore.size, errorsSince.size) >= minRequests) {
    const phi = armDispersion(
      blocksOf(
        route,
        ({ errorItems }) => errorItems,
        ({ items }) => items,
      ),
    );
    const counts = leastFavourablePairing(errorsBefore, errorsSince, phi);
    const logEvidence = errorFailEvidence(counts, settings.maxIncreaseBasisPoints / 1e4);
    if (logEvidence >= threshold) findings.push({ gate: 'errors', route, logEvidence, threshold });
  }
  return findings;
}

function latencyEvidence(
  route: LiveStretches,
  { percentile, maxIncreasePercent, maxIncreaseMilliseconds }: LatencyTolerance,
  live: Histogram,
  mirror: Histogram,
  enough: number,
): number {
  const atOrBelow = (arm: BlockArmSamples) => arm.atOrBelow[String(percentile)] ?? 0;
  const phi = armDispersion(blocksOf(route, atOrBelow, ({ items, errorItems }) => items - errorItems));
  const tolerance = increaseTolerance(maxIncreasePercent / 100, maxIncreaseMilliseconds);
  return quantileFailEvidence({ live, mirror, p: percentile / 100, tolerance, phi, keep: 1 }, enough);
}

function blocksOf(
  { blocks }: LiveStretches,
  countOf: (arm: BlockArmSamples) => number,
  sizeOf: (arm: BlockArmSamples) => number,
): ArmBlocks[] {
  return (['before', 'since'] as const).map((stretch) => {
    const own = blocks.map((block) => block[stretch]).filter(({ items }) => items > 0);
    return { counts: own.map(countOf), sizes: own.map(sizeOf) };
  });
}

function blocksWith({ blocks }: LiveStretches, stretch: 'before' | 'since'): number {
  return blocks.filter((block) => block[stretch].items > 0).length;
}

function histogramOf(arm: EvidenceArm): Histogram {
  return histogramFrom(arm.histogram, arm.successSumSquaredWeights);
}

function errorsOf({ errors, requests, sumSquaredWeights }: EvidenceArm): ErrorCount {
  const size = kishSize(requests, sumSquaredWeights);
  return { errors: requests > 0 ? (size * errors) / requests : 0, size };
}
