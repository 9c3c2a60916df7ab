import fc from 'fast-check';

/** Bucket → weight as JSON carries it: any buckets from 1 µs to an hour, in any order, with any number of requests. */
export const histogramWeights: fc.Arbitrary<Record<string, number>> = fc.dictionary(
  fc.integer({ min: -349, max: 763 }).map(String),
  fc.oneof(
    fc.integer({ min: 1, max: 50 }),
    fc.integer({ min: 1, max: 1e8 }),
    fc.double({ min: 0.01, max: 1e3, noNaN: true }),
  ),
  { minKeys: 1, maxKeys: 12 },
);

/** Two versions whose latencies are near each other, so that the evidence is not all on one side. */
export const neighbouringHistograms: fc.Arbitrary<[Record<string, number>, Record<string, number>]> = fc
  .tuple(fc.integer({ min: -100, max: 500 }), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 400 }))
  .chain(([centre, width, most]) => {
    const one = fc.dictionary(
      fc.integer({ min: centre - width, max: centre + width }).map(String),
      fc.integer({ min: 1, max: most }),
      { minKeys: 1, maxKeys: 30 },
    );
    return fc.tuple(one, one);
  });
