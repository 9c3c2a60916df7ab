import { bisect } from './bisect.ts';
import { edgesOf } from './histogram.ts';
import type { Interval, Levels } from './interval.ts';
import { type QuantileComparison, quantileFailEvidence, quantilePassEvidence } from './quantileEvidence.ts';
import { ratioTolerance, shiftTolerance } from './toleranceMap.ts';

const BISECTIONS = 30;

/**
 * The interval for (mirror's quantile − live's) in milliseconds. Its ends are the last shifts that the gate's own
 * evidence, with the tolerance "a + shift", rejects: the interval and the verdict cannot disagree.
 * @param resolution milliseconds by which an end may be too far out, at most; the last halvings cost most
 */
export function quantileDifferenceInterval(
  comparison: Omit<QuantileComparison, 'tolerance'>,
  levels: Levels,
  { bisections = BISECTIONS, resolution = 0 }: { readonly bisections?: number; readonly resolution?: number } = {},
): Interval {
  const range = rangeOf(comparison);
  if (!range) return { lower: null, upper: null };
  const steps = { bisections, resolution };
  return intervalOf(comparison, levels, -range.liveMax, range.mirrorMax, shiftTolerance, steps);
}

/** The interval for (mirror's quantile / live's), by the same evidence with the tolerance "factor · a". */
export function quantileRatioInterval(
  comparison: Omit<QuantileComparison, 'tolerance'>,
  levels: Levels,
  bisections = BISECTIONS,
): Interval {
  const range = rangeOf(comparison);
  if (!range) return { lower: null, upper: null };
  const from = Math.log(range.mirrorMin / range.liveMax) - 0.1;
  const to = Math.log(range.mirrorMax / range.liveMin) + 0.1;
  const { lower, upper } = intervalOf(comparison, levels, from, to, (logRatio) => ratioTolerance(Math.exp(logRatio)), {
    bisections,
    resolution: 0,
  });
  return { lower: lower === null ? null : Math.exp(lower), upper: upper === null ? null : Math.exp(upper) };
}

function intervalOf(
  comparison: Omit<QuantileComparison, 'tolerance'>,
  levels: Levels,
  from: number,
  to: number,
  toleranceAt: (value: number) => QuantileComparison['tolerance'],
  { bisections, resolution }: { readonly bisections: number; readonly resolution: number },
): Interval {
  const enoughBelow = Math.log(1 / levels.lower);
  const enoughAbove = Math.log(1 / levels.upper);
  const isAbove = (value: number): boolean =>
    quantileFailEvidence({ ...comparison, tolerance: toleranceAt(value) }, enoughBelow) >= enoughBelow;
  const isBelow = (value: number): boolean =>
    quantilePassEvidence({ ...comparison, tolerance: toleranceAt(value) }, enoughAbove) >= enoughAbove;
  return {
    lower: bisect(isAbove, from, to, bisections, resolution),
    upper: bisect(isBelow, to, from, bisections, resolution),
  };
}

function rangeOf({ live, mirror }: Pick<QuantileComparison, 'live' | 'mirror'>) {
  const liveEdges = edgesOf(live);
  const mirrorEdges = edgesOf(mirror);
  const [liveMin, liveMax] = [liveEdges[0], liveEdges.at(-1)];
  const [mirrorMin, mirrorMax] = [mirrorEdges[0], mirrorEdges.at(-1)];
  if (liveMin === undefined || liveMax === undefined || mirrorMin === undefined || mirrorMax === undefined) return null;
  return { liveMin, liveMax, mirrorMin, mirrorMax };
}
