/** The largest duration of mirror that is tolerated for a duration of live, and its inverse. Both in milliseconds, both rising. */
export interface ToleranceMap {
  readonly allowed: (liveMs: number) => number;
  readonly inverse: (mirrorMs: number) => number;
}

/** The gate's tolerance: T(a) = a + max(share·a, ms). */
export function increaseTolerance(share: number, ms: number): ToleranceMap {
  return {
    allowed: (a) => Math.max((1 + share) * a, a + ms),
    inverse: (b) => Math.min(b / (1 + share), b - ms),
  };
}

/** T(a) = a + ms: asks whether mirror's quantile is more than ms above live's. */
export function shiftTolerance(ms: number): ToleranceMap {
  return { allowed: (a) => a + ms, inverse: (b) => b - ms };
}

/** T(a) = factor·a: asks whether mirror's quantile is more than factor times live's. */
export function ratioTolerance(factor: number): ToleranceMap {
  return { allowed: (a) => a * factor, inverse: (b) => b / factor };
}
