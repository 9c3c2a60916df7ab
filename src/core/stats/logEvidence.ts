/** Natural logarithms of two e-values. Where the opposite is true, an e-value reaches 1/alpha with probability at most alpha, ever. */
export interface LogEvidence {
  /** For "mirror is worse than tolerated". */
  readonly logFail: number;
  /** For "mirror is within tolerance". */
  readonly logPass: number;
}
