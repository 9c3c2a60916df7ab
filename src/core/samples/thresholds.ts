/**
 * The bucket that holds a percentile: the first one where the cumulative weight reaches percentile/100 of the sum.
 * @param histogram bucket (integer as a string) -> weight
 * @returns undefined when the histogram is empty
 */
export function percentileBucket(histogram: Readonly<Record<string, number>>, percentile: number): number | undefined {
  const buckets = Object.entries(histogram)
    .map(([bucket, weight]) => ({ bucket: Number(bucket), weight }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => a.bucket - b.bucket);
  const total = buckets.reduce((sum, { weight }) => sum + weight, 0);
  let cumulative = 0;
  for (const { bucket, weight } of buckets) {
    cumulative += weight;
    // Integers on both sides: a product with 0.95 would miss by an ulp where the percentile falls on a bucket's last row.
    if (cumulative * 100 >= percentile * total) return bucket;
  }
  return undefined;
}
