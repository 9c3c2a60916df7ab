import { keepValid } from '../../api/keepValid.ts';
import { specSchema, statusSchema } from '../../api/schema.generated.ts';
import type { FieldError } from '../../api/structuralSchema.ts';
import type { MirrorExperimentSpec, MirrorExperimentStatus } from '../../api/types.generated.ts';
import {
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
  oneOf,
  text,
} from './checks.ts';
import { type ExperimentRecord, RECORD_VERSION } from './record.ts';

export type ParsedRecord =
  | { readonly kind: 'record'; readonly record: ExperimentRecord }
  | { readonly kind: 'invalid'; readonly errors: readonly FieldError[] };

/**
 * An experiment's record from outside data. Fields that are not known are left alone; of spec and status, what this
 * version's definition does not know or allow is dropped. Never throws; the input is not changed.
 */
export function parseRecord(input: unknown): ParsedRecord {
  const findings = new Findings();
  recordCheck(input, '', findings);
  if (findings.errors.length > 0) return { kind: 'invalid', errors: findings.errors };
  // Each field of the type has just been checked, apart from these two.
  const given = input as ExperimentRecord;
  const spec = keepValid(specSchema, given.spec);
  if (spec === undefined)
    return { kind: 'invalid', errors: [{ path: 'spec', message: 'is no MirrorExperiment’s spec' }] };
  const status = keepValid(statusSchema, given.status) ?? {};
  return {
    kind: 'record',
    record: { ...given, spec: spec as MirrorExperimentSpec, status: status as MirrorExperimentStatus },
  };
}

const anyNumber = numberIn(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);

const time: Check = (value, path, findings) => {
  if (typeof value !== 'string' || !Number.isFinite(Date.parse(value))) {
    findings.add(path, `must be a time such as 2026-01-31T12:00:00Z; it is ${describe(value)}`);
  }
};

const codes = mapOf(() => undefined, count);

const gate = object({
  route: text,
  gate: text,
  logEvidenceFail: list(anyNumber),
  logEvidencePass: list(anyNumber),
  thresholds: object({ fail: anyNumber, pass: nullOr(anyNumber) }),
});

const trace = object(
  { seconds: list(numberIn(0, Number.MAX_SAFE_INTEGER)), gates: list(gate) },
  {},
  (value, path, findings) => {
    const { seconds, gates } = value as unknown as NonNullable<ExperimentRecord['trace']>;
    if (seconds.some((second, index) => index > 0 && second <= (seconds[index - 1] ?? 0))) {
      findings.add(`${path}.seconds`, 'must rise');
    }
    for (const [index, { logEvidenceFail, logEvidencePass }] of gates.entries()) {
      for (const [name, { length }] of Object.entries({ logEvidenceFail, logEvidencePass })) {
        if (length === seconds.length) continue;
        findings.add(
          `${path}.gates[${index}].${name}`,
          `must have as many entries as seconds (${seconds.length}); it has ${length}`,
        );
      }
    }
  },
);

const recordCheck = object({
  apiVersion: constant(RECORD_VERSION),
  experiment: object({ namespace: text, name: text, uid: text, generation: integerIn(1, Number.MAX_SAFE_INTEGER) }),
  spec: object({}),
  status: object({}),
  window: nullOr(object({ start: time, end: time })),
  queries: list(object({ purpose: oneOf(['sums', 'blocks', 'pairs', 'trace']), kql: text })),
  resultCodes: list(object({ route: text, live: codes, mirror: codes })),
  trace: nullOr(trace),
  leftOut: list(text),
});
