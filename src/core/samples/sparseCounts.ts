/**
 * An empty record for counts under a few numbers, such as 50, 95 and 99. V8 keeps elements up to the largest number, 1.3 kB
 * for these three, unless a number was once too large for that; a look has one such record a route, block and version.
 */
export function sparseCounts(): Record<string, number> {
  const counts: Record<string, number> = { 100000: 0 };
  delete counts[100000];
  return counts;
}
