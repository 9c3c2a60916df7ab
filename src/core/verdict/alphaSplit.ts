/**
 * One gate's share of the false-alarm rate, so that all gates of all groups together stay within it. With declared
 * groups each gets the same; otherwise the k-th group to appear gets alpha / (k(k+1)), which sums to alpha over any number.
 * @param alpha the experiment's false-alarm rate, 0 … 1
 * @param rank of the group: 1 for the sum over the routes, then 2, 3 … in the order of the first live request
 * @param gates number of gates of a group
 * @param declaredGroups number of declared groups, the sum included; absent when routes are found as they appear
 */
export function alphaShare(alpha: number, rank: number, gates: number, declaredGroups?: number): number {
  const share = declaredGroups === undefined ? 1 / (rank * (rank + 1)) : 1 / declaredGroups;
  return (alpha * share) / gates;
}
