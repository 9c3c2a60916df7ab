/** Kish's effective sample size of weighted rows: (Σ weight)² / Σ weight². It is the row count when all weights are equal, and 0 without rows. */
export function kishSize(sumOfWeights: number, sumOfSquaredWeights: number): number {
  return sumOfSquaredWeights > 0 ? (sumOfWeights * sumOfWeights) / sumOfSquaredWeights : 0;
}
