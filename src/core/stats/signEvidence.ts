import type { LogEvidence } from './logEvidence.ts';
import { logOver, logUnder } from './mixture.ts';

/** Evidence that more, and that fewer, than half of the request pairs have mirror slower than tolerated. Counts, not shares. */
export function signEvidence(slower: number, pairs: number): LogEvidence {
  return { logFail: logOver(slower, pairs, 0.5), logPass: logUnder(slower, pairs, 0.5) };
}
