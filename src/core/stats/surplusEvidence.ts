import { kishSize } from './kishSize.ts';
import { logOver } from './mixture.ts';

/** Sums over one arm's rows. */
interface Weighted {
  readonly requests: number;
  readonly sumSquaredWeights: number;
}

/**
 * Evidence that mirror records more than (1 + maxSurplus)·fraction requests per live request: the opposite side of
 * coverageEvidence, the same sequential test of the share that mirror has of all records.
 * @param fraction share of live requests that is copied, 0 … 1
 * @param maxSurplus share of the copies that may be there in addition, 0 … 1
 */
export function surplusEvidence(live: Weighted, mirror: Weighted, fraction: number, maxSurplus: number): number {
  const requests = live.requests + mirror.requests;
  const size = kishSize(requests, live.sumSquaredWeights + mirror.sumSquaredWeights);
  const mirrorSize = requests > 0 ? (size * mirror.requests) / requests : 0;
  const expected = fraction * (1 + maxSurplus);
  return logOver(mirrorSize, size, expected / (1 + expected));
}
