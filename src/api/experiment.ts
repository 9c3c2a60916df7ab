import { keepValid } from './keepValid.ts';
import { apiVersion, kind } from './names.ts';
import { specSchema, statusSchema } from './schema.generated.ts';
import { type FieldError, isRecord, own, type StructuralSchema, validate } from './structuralSchema.ts';
import type { MirrorExperimentSpec, MirrorExperimentStatus } from './types.generated.ts';

/** What of an experiment can be read even when its spec cannot: enough to report that, and to restore what it patched. */
export interface ExperimentIdentity {
  namespace: string;
  name: string;
  uid: string;
  resourceVersion: string;
  generation: number;
  /** Milliseconds since the epoch. */
  creationTimestamp: number;
  /** Milliseconds since the epoch; absent while nobody has deleted the experiment. */
  deletionTimestamp?: number;
  finalizers: string[];
  /** Only what is valid of it. */
  status: MirrorExperimentStatus;
}

export interface Experiment extends ExperimentIdentity {
  /** With defaults filled in. */
  spec: MirrorExperimentSpec;
}

export type ParseResult =
  | { kind: 'experiment'; experiment: Experiment }
  /** identity is undefined when the object cannot even be addressed: it does not come from an API server. */
  | { kind: 'invalid'; identity: ExperimentIdentity | undefined; errors: readonly FieldError[] };

/**
 * A MirrorExperiment from outside data. The spec must fit the resource definition, apart from its rules in CEL, which are
 * the API server's to check (they are listed in schema.generated.ts). Of the status, what is not valid is dropped: the
 * operator writes it anew. Never throws; the input is not changed.
 */
export function parseExperiment(object: unknown): ParseResult {
  const given = isRecord(object) ? own(object, 'metadata') : undefined;
  const metadata = isRecord(given) ? pick(given, Object.keys(metadataFields)) : given;
  const identity = toIdentity(metadata, isRecord(object) ? own(object, 'status') : undefined);
  const checked = isRecord(object) ? { ...pick(object, ['apiVersion', 'kind', 'spec']), metadata } : object;
  const { value, errors } = validate(objectSchema, checked, '');
  if (identity === undefined || errors.length > 0) return { kind: 'invalid', identity, errors };
  // The type is generated from the schema that the value has just been checked against.
  const { spec } = value as { spec: MirrorExperimentSpec };
  return { kind: 'experiment', experiment: { ...identity, spec } };
}

const metadataFields = {
  namespace: { type: 'string', minLength: 1 },
  name: { type: 'string', minLength: 1 },
  uid: { type: 'string', minLength: 1 },
  resourceVersion: { type: 'string', minLength: 1 },
  generation: { type: 'integer', minimum: 1 },
  creationTimestamp: { type: 'string', format: 'date-time' },
  deletionTimestamp: { type: 'string', format: 'date-time' },
  finalizers: { type: 'array', items: { type: 'string' }, default: [] },
} satisfies Record<string, StructuralSchema>;

const metadataSchema: StructuralSchema = {
  type: 'object',
  required: ['namespace', 'name', 'uid', 'resourceVersion', 'generation', 'creationTimestamp'],
  properties: metadataFields,
};

const objectSchema: StructuralSchema = {
  type: 'object',
  required: ['metadata', 'spec'],
  properties: {
    // The items of a list may come without these two.
    apiVersion: { type: 'string', const: apiVersion },
    kind: { type: 'string', const: kind },
    metadata: metadataSchema,
    spec: specSchema,
  },
};

function toIdentity(metadata: unknown, status: unknown): ExperimentIdentity | undefined {
  const valid = keepValid(metadataSchema, metadata);
  if (valid === undefined) return undefined;
  // Both types are what the schemas above and the generated one let through.
  const { creationTimestamp, deletionTimestamp, ...rest } = valid as Metadata;
  return {
    ...rest,
    creationTimestamp: Date.parse(creationTimestamp),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp: Date.parse(deletionTimestamp) }),
    status: (keepValid(statusSchema, status) ?? {}) as MirrorExperimentStatus,
  };
}

type Metadata = Omit<ExperimentIdentity, 'creationTimestamp' | 'deletionTimestamp' | 'status'> & {
  creationTimestamp: string;
  deletionTimestamp?: string;
};

/** Only the fields that the operator reads: not labels or managedFields, for example. */
function pick(input: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(input, name)).map((name) => [name, input[name]]));
}
