import { logUnder } from './mixture.ts';

/**
 * Evidence that mirror records fewer than (1 − maxLoss)·fraction copies per live request, as a sequential test of the
 * share that mirror has of all records (Lindon, Sanden & Shirikian, KDD 2022).
 * @param live effective live requests
 * @param mirror effective mirror requests
 * @param fraction share of live requests that is copied, 0 … 1
 * @param maxLoss share of copies that may be lost, 0 … 1
 */
export function coverageEvidence(live: number, mirror: number, fraction: number, maxLoss: number): number {
  const expected = fraction * (1 - maxLoss);
  return logUnder(mirror, live + mirror, expected / (1 + expected));
}
