/**
 * The bucket that holds a percentile: the first one where the cumulative weight reaches percentile/100 of the sum.
 * @param histogram bucket (integer as a string) -> weight
 * @returns undefined when the histogram is empty
 */
export function percentileBucket(histogram: Readonly<Record<string, number>>, percentile: number): number | undefined {
  const buckets = Float64Array.from(Object.keys(histogram), Number).sort();
  const total = buckets.reduce((sum, bucket) => sum + (histogram[bucket] ?? 0), 0);
  let cumulative = 0;
  for (const bucket of buckets) {
    const weight = histogram[bucket] ?? 0;
    cumulative += weight;
    // Integers on both sides: a product with 0.95 would miss by an ulp where the percentile falls on a bucket's last row.
    if (weight > 0 && cumulative * 100 >= percentile * total) return bucket;
  }
  return undefined;
}
