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
 * operator writes it anew. So it is with the spec of an experiment that is being deleted, as far as a valid spec remains:
 * a field of a newer definition must not keep it from being restored. Never throws; the input is not changed.
 */
export function parseExperiment(object: unknown): ParseResult {
  const root = isRecord(object) ? object : {};
  const metadata = knownMetadata(own(root, 'metadata'));
  const identity = toIdentity(metadata, own(root, 'status'));
  const given = own(root, 'spec');
  const spec = identity?.deletionTimestamp === undefined ? given : (keepValid(specSchema, given) ?? given);
  const checked = { ...pick(root, ['apiVersion', 'kind']), metadata, spec };
  const { value, errors } = validate(objectSchema, isRecord(object) ? checked : object, '');
  if (identity === undefined || errors.length > 0) return { kind: 'invalid', identity, errors };
  // The type is generated from the schema that the value has just been checked against.
  return { kind: 'experiment', experiment: { ...identity, spec: (value as { spec: MirrorExperimentSpec }).spec } };
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
function knownMetadata(metadata: unknown): unknown {
  return isRecord(metadata) ? pick(metadata, Object.keys(metadataFields)) : metadata;
}

function pick(input: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(input, name)).map((name) => [name, input[name]]));
}
