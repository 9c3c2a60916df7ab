/**
 * True when the first version is certainly not older than the second. API servers number their objects' versions in the
 * order of the writes, and say that they may be compared (Kubernetes 1.35, "comparable resource version"); any other text
 * is compared for equality only.
 */
export function isAtLeast(version: string, other: string): boolean {
  if (version === other) return true;
  return NUMBER.test(version) && NUMBER.test(other) && BigInt(version) >= BigInt(other);
}

const NUMBER = /^[1-9]\d*$/;
