/** The median and the 99th percentile of times in milliseconds, in words. */
export function percentiles(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => ((sorted[Math.ceil(share * sorted.length) - 1] ?? 0) / 1000).toFixed(2);
  return `p50 ${at(0.5)} s, p99 ${at(0.99)} s`;
}
