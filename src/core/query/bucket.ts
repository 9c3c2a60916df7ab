import { GAMMA, LOWEST_BUCKET } from '../stats/histogram.ts';

/**
 * The bucket of a duration in milliseconds as a KQL expression of type long, null for null: the same formula as
 * `bucketOf` of the statistics. A test compares the two.
 * @param milliseconds name of a column of type real that holds 0 or more
 */
export function bucketExpression(milliseconds: string): string {
  const bucket = `tolong(ceiling(log(${milliseconds}) / log(${GAMMA}) - 1e-9))`;
  return `iff(${milliseconds} > 0.0, max_of(${LOWEST_BUCKET}, ${bucket}), ${LOWEST_BUCKET})`;
}
