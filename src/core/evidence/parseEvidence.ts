import type { FieldError } from '../../api/structuralSchema.ts';
import { LOWEST_BUCKET } from '../stats/histogram.ts';
import { ALL_ROUTES, EVIDENCE_VERSION, type EvidenceAnalysis, type EvidenceDocument } from '../verdict/evidence.ts';
import {
  boolean,
  type Check,
  constant,
  count,
  describe,
  Findings,
  integerIn,
  list,
  mapOf,
  nullOr,
  numberIn,
  object,
  text,
} from './checks.ts';

export type ParsedEvidence =
  | { readonly kind: 'evidence'; readonly document: EvidenceDocument }
  | { readonly kind: 'invalid'; readonly errors: readonly FieldError[] };

const MOST_ROUTES = 50;
/** 1.02^5000 ms are more than 10^39 years; above, arithmetic would leave the range of numbers. */
const HIGHEST_BUCKET = 5000;

/**
 * An evidence document from outside data, fit for `evaluate`: every field has its type and range, and the counts agree with
 * each other. Fields that are not known are left alone. Never throws; the input is neither changed nor copied.
 */
export function parseEvidence(input: unknown): ParsedEvidence {
  const findings = new Findings();
  evidence(input, '', findings);
  if (findings.errors.length > 0) return { kind: 'invalid', errors: findings.errors };
  // Each field of the type has just been checked.
  return { kind: 'evidence', document: input as EvidenceDocument };
}

/** What of an analysis cannot be judged by; empty: nothing. */
export function analysisErrors(input: unknown): readonly FieldError[] {
  const findings = new Findings();
  analysis(input, 'analysis', findings);
  return findings.errors;
}

/** Limits are those of the resource definition where the formulas depend on them, and wider elsewhere. */
const tolerance = object(
  {
    percentile: integerIn(1, 99),
    maxIncreasePercent: numberIn(0, 10_000),
    maxIncreaseMilliseconds: numberIn(0, 3_600_000),
  },
  { failOnly: boolean },
);

const analysis = object(
  {
    falseAlarmPercent: numberIn(0.000001, 50),
    minRequests: integerIn(1, Number.MAX_SAFE_INTEGER),
    latency: list(tolerance, { min: 1, max: 8 }),
    errors: object({ maxIncreaseBasisPoints: numberIn(0, 5000) }),
    coverage: object({ maxLossPercent: numberIn(0, 50) }),
  },
  { routes: object({}, { include: list(text), exclude: list(text) }) },
  (value, path, findings) => {
    const percentiles = (value as unknown as EvidenceAnalysis).latency.map((each) => each.percentile);
    unique(percentiles, (index) => `${path}.latency[${index}].percentile`, findings);
    const include = (value as unknown as EvidenceAnalysis).routes?.include ?? [];
    unique(include, (index) => `${path}.routes.include[${index}]`, findings);
  },
);

const histogram = mapOf((key) => {
  const bucket = Number(key);
  if (!/^-?\d{1,4}$/.test(key)) return 'is no bucket: keys are whole numbers';
  if (bucket < LOWEST_BUCKET) return `is no bucket: the lowest is ${LOWEST_BUCKET}`;
  return bucket > HIGHEST_BUCKET ? `is no bucket: the highest is ${HIGHEST_BUCKET}` : undefined;
}, count);

const arm = object(
  {
    items: count,
    errorItems: count,
    requests: count,
    errors: count,
    sumSquaredWeights: count,
    successSumSquaredWeights: count,
    histogram,
  },
  {},
  (value, path, findings) => {
    const { items, errorItems, requests, errors, sumSquaredWeights, successSumSquaredWeights } = value as Counts;
    atMost(errorItems, items, `${path}.errorItems`, 'items', findings);
    atMost(errors, requests, `${path}.errors`, 'requests', findings);
    let sum = 0;
    for (const weight of Object.values(value.histogram as Counts)) sum += weight;
    if (sum !== requests - errors) {
      findings.add(`${path}.histogram`, `sums to ${sum}, but requests − errors is ${requests - errors}`);
    }
    // Without their squares the effective number of requests would be 0, and nothing ever decided.
    if (requests > 0 && sumSquaredWeights === 0) findings.add(`${path}.sumSquaredWeights`, 'is 0, but requests is not');
    if (sum > 0 && successSumSquaredWeights === 0) {
      findings.add(`${path}.successSumSquaredWeights`, 'is 0, but the histogram is not empty');
    }
    atMost(
      successSumSquaredWeights,
      sumSquaredWeights,
      `${path}.successSumSquaredWeights`,
      'sumSquaredWeights',
      findings,
    );
  },
);

const blockArm = object(
  {
    items: count,
    errorItems: count,
    atOrBelow: mapOf(
      (key) => (/^[1-9]\d?$/.test(key) ? undefined : 'is no percentile: keys are whole numbers from 1 to 99'),
      count,
    ),
  },
  {},
  (value, path, findings) => {
    const { items, errorItems } = value as Counts;
    atMost(errorItems, items, `${path}.errorItems`, 'items', findings);
    for (const [percentile, rows] of Object.entries(value.atOrBelow as Counts)) {
      atMost(rows, items - errorItems, `${path}.atOrBelow[${describe(percentile)}]`, 'items − errorItems', findings);
    }
  },
);

const pairs = object(
  { count, onlyMirrorFailed: count, onlyLiveFailed: count, slower: count },
  {},
  (value, path, findings) => {
    const { count: all = 0, onlyMirrorFailed = 0, onlyLiveFailed = 0, slower = 0 } = value as Partial<Counts>;
    atMost(onlyMirrorFailed + onlyLiveFailed + slower, all, path, 'count', findings, 'the sum of its parts ');
  },
);

const block = object({ start: numberIn(0, Number.MAX_SAFE_INTEGER), live: blockArm, mirror: blockArm });

const route = object(
  { name: routeName, live: arm, mirror: arm, blocks: list(block) },
  { pairs: nullOr(pairs) },
  ({ blocks }, path, findings) => {
    const starts = (blocks as readonly { readonly start: number }[]).map(({ start }) => start);
    const index = starts.findIndex((start, at) => at > 0 && start <= (starts[at - 1] ?? 0));
    if (index >= 0) findings.add(`${path}.blocks[${index}].start`, 'must be greater than that of the block before');
  },
);

const evidence: Check = object(
  {
    apiVersion: constant(EVIDENCE_VERSION),
    analysis,
    elapsedSeconds: numberIn(0, Number.MAX_SAFE_INTEGER),
    deadline: boolean,
    routes: list(route, { max: MOST_ROUTES }),
  },
  { mirrorPercent: numberIn(0.000001, 100) },
  (value, _path, findings) => {
    const document = value as unknown as EvidenceDocument;
    const names = document.routes.map(({ name }) => name);
    unique(names, (index) => `routes[${index}].name`, findings);
    for (const [percentile, path] of missingPercentiles(document)) {
      findings.add(path, `has no count for percentile ${percentile} of analysis.latency`);
    }
  },
);

/** The percentiles of the analysis that blocks have no counts for, each with the first place where it is missing. */
export function missingPercentiles({ analysis: { latency }, routes }: EvidenceDocument): Map<number, string> {
  const missing = new Map<number, string>();
  for (const [at, { blocks }] of routes.entries()) {
    for (const [index, each] of blocks.entries()) {
      for (const { percentile } of latency) {
        for (const side of ['live', 'mirror'] as const) {
          if (Object.hasOwn(each[side].atOrBelow, String(percentile)) || missing.has(percentile)) continue;
          missing.set(percentile, `routes[${at}].blocks[${index}].${side}.atOrBelow`);
        }
      }
    }
  }
  return missing;
}

type Counts = Readonly<Record<string, number>> & Readonly<Record<CountName, number>>;
type CountName = 'items' | 'errorItems' | 'requests' | 'errors' | 'sumSquaredWeights' | 'successSumSquaredWeights';

function routeName(value: unknown, path: string, findings: Findings): void {
  if (value === ALL_ROUTES) findings.add(path, `${ALL_ROUTES} is the name of the sum, which is made from the routes`);
  else text(value, path, findings);
}

function atMost(value: number, most: number, path: string, of: string, findings: Findings, what = ''): void {
  if (value > most) findings.add(path, `${what}must be at most ${of} (${most}); it is ${value}`);
}

function unique(values: readonly unknown[], pathOf: (index: number) => string, findings: Findings): void {
  const seen = new Set<unknown>();
  for (const [index, value] of values.entries()) {
    if (seen.has(value)) findings.add(pathOf(index), `is there twice: ${describe(value)}`);
    seen.add(value);
  }
}
