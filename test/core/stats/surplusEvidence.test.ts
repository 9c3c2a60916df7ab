import fc from 'fast-check';
import { expect, it } from 'vitest';
import { surplusEvidence } from '../../../src/core/stats/surplusEvidence.ts';
import { seededRandom } from '../../support/random.ts';

const unsampled = (requests: number) => ({ requests, sumSquaredWeights: requests });

it('grows with the surplus, and is no evidence where nothing is in surplus', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 50, max: 1e6 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 0.5, noNaN: true }),
      (live, fraction, tolerated) => {
        const evidence = (share: number) =>
          surplusEvidence(unsampled(live), unsampled(live * fraction * share), fraction, tolerated);
        expect(evidence(1)).toBeLessThanOrEqual(0);
        expect(evidence(1 + tolerated)).toBeLessThanOrEqual(Math.log(2));
        expect(evidence(4)).toBeGreaterThanOrEqual(evidence(2 + 2 * tolerated) - 1e-9);
      },
    ),
  );
});

it('says as much of sampled requests as of so many rows', () => {
  const weighted = (rows: number) => ({ requests: 10 * rows, sumSquaredWeights: 100 * rows });
  const rows = surplusEvidence(unsampled(1000), unsampled(1500), 1, 0.05);
  expect(surplusEvidence(weighted(1000), weighted(1500), 1, 0.05)).toBeCloseTo(rows, 9);
  expect(rows).toBeGreaterThan(Math.log(100));
});

it('reaches ln 20 in fewer than one of twenty runs of 200 looks when just what is tolerated is in surplus', () => {
  const random = seededRandom(7);
  let alarms = 0;
  for (let run = 0; run < 400; run++) {
    let [live, mirror] = [0, 0];
    for (let look = 0; look < 200; look++) {
      for (let each = 0; each < 20; each++) {
        if (random.uniform() < 1.05 / 2.05) mirror += 1;
        else live += 1;
      }
      if (surplusEvidence(unsampled(live), unsampled(mirror), 1, 0.05) >= Math.log(20)) {
        alarms += 1;
        break;
      }
    }
  }
  expect(alarms / 400).toBeLessThan(0.05);
});
