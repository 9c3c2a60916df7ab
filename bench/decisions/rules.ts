import { type Check, fixedThreshold, kayentaJudge, mannWhitneyPerInterval, welchPerInterval } from './baselines.ts';
import type { Requests } from './traffic.ts';

/** How many bad intervals make a Fail. */
export interface Limit {
  readonly times: number;
  /** True: a good interval in between begins the count anew. */
  readonly inARow: boolean;
}

/** A rule that others decide by. */
export interface Rule {
  readonly name: string;
  readonly check: CheckName;
  readonly limit: Limit;
}

type CheckName = keyof typeof CHECKS;

/** @param before of live, from the ten minutes before the copying began */
export const CHECKS = {
  threshold: fixedThreshold,
  mannWhitney: mannWhitneyPerInterval,
  welch: welchPerInterval,
  kayenta: kayentaJudge,
} satisfies Record<string, (before: Requests) => Check>;

const FIRST: Limit = { times: 1, inARow: false };
const FIVE_IN_A_ROW: Limit = { times: 5, inARow: true };
/**
 * Flagger's documented example has `threshold: 5` ("max number of failed metric checks before rollback"); its scheduler.go
 * adds one to status.failedChecks for each failed check and starts anew only for a new revision, so they need not be in a row.
 * That it rolls back at the tick after the fifth is not held against it here.
 */
const FIVE_IN_ALL: Limit = { times: 5, inARow: false };

export const RULES: readonly Rule[] = [
  // Argo Rollouts: failureLimit of a metric is 0 by default, so the first measurement that fails ends the analysis.
  { name: 'fixed threshold, first (Argo Rollouts’ default)', check: 'threshold', limit: FIRST },
  { name: 'fixed threshold, 5 in all (Flagger’s example)', check: 'threshold', limit: FIVE_IN_ALL },
  { name: 'fixed threshold, 5 in a row', check: 'threshold', limit: FIVE_IN_A_ROW },
  { name: 'Mann-Whitney per interval, first', check: 'mannWhitney', limit: FIRST },
  { name: 'Mann-Whitney per interval, 5 in a row', check: 'mannWhitney', limit: FIVE_IN_A_ROW },
  { name: 'Mann-Whitney over interval values (Kayenta)', check: 'kayenta', limit: FIRST },
  { name: 'Welch per interval, first', check: 'welch', limit: FIRST },
  { name: 'Welch per interval, 5 in a row', check: 'welch', limit: FIVE_IN_A_ROW },
];

/** The interval (from 1) at which the rule fails the candidate; null: never. */
export function failsAt(isBad: readonly boolean[], { times, inARow }: Limit): number | null {
  let count = 0;
  for (const [index, bad] of isBad.entries()) {
    if (bad) count++;
    else if (inARow) count = 0;
    if (count === times) return index + 1;
  }
  return null;
}
