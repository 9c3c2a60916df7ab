import { parseExperiment } from '../src/api/experiment.ts';
import type { MirrorExperimentStatus } from '../src/api/types.generated.ts';

/** What came out of one experiment, as `--output json` prints it. */
export interface ExperimentResult {
  readonly name: string;
  readonly verdict: string | null;
  readonly reason: string | null;
  /** The route to blame; null when none is. */
  readonly route: string | null;
  /** Of the median, on that route or over all. */
  readonly deltaMilliseconds: number | null;
  readonly deltaPercentagePoints: number | null;
  readonly restored: boolean;
}

export interface Expectation {
  readonly verdict: string;
  readonly reason: string;
  readonly route: string | null;
}

/** The lab's table: what each version must come to. */
export const EXPECTED: Readonly<Record<'V2' | 'V3' | 'V4', Expectation>> = {
  V2: { verdict: 'Pass', reason: 'WithinTolerance', route: null },
  V3: { verdict: 'Fail', reason: 'Latency', route: 'GET Reviews/Get' },
  V4: { verdict: 'Fail', reason: 'Errors', route: 'GET Reviews/Get' },
};

export function resultOf(object: unknown, isRestored: (uid: string) => boolean): ExperimentResult {
  const parsed = parseExperiment(object);
  if (parsed.kind === 'invalid') throw new Error(`the experiment does not parse: ${JSON.stringify(parsed.errors)}`);
  const { name, uid, status } = parsed.experiment;
  const blamed = status.routes?.find((route) => route.verdict === 'Fail');
  const figures: Pick<MirrorExperimentStatus, 'latency' | 'errors'> = blamed ?? status;
  return {
    name,
    verdict: status.verdict ?? null,
    reason: status.conditions?.find((condition) => condition.type === 'Passed')?.reason ?? null,
    route: blamed?.name ?? null,
    deltaMilliseconds: figures.latency?.find((each) => each.percentile === 50)?.deltaMilliseconds ?? null,
    deltaPercentagePoints: figures.errors?.deltaPercentagePoints ?? null,
    restored: isRestored(uid),
  };
}

/** What is not as it should be, in words; empty: all is right. */
export function complaints(result: ExperimentResult, expected: Expectation): readonly string[] {
  const differences = (['verdict', 'reason', 'route'] as const)
    .filter((field) => result[field] !== expected[field])
    .map((field) => `${result.name}: ${field} is ${result[field]}, expected ${expected[field]}`);
  return result.restored
    ? differences
    : [...differences, `${result.name}: the patched objects were not restored exactly`];
}
