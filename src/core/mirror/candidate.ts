import { recordAt, recordsAt } from '../kubernetes/fields.ts';
import type { JsonPatchOperation, KubernetesObject } from '../kubernetes/object.ts';
import {
  annotationBytes,
  type FieldChange,
  type Journal,
  type JournalOwner,
  MAX_ANNOTATION_BYTES,
  removeJournal,
  writeJournal,
} from './journal.ts';

/** What an experiment asks of the candidate's Deployment (spec.mirror.deployment). */
export interface CandidateChange {
  readonly replicas?: number | undefined;
  readonly containers?:
    | readonly {
        readonly name: string;
        readonly image?: string | undefined;
        readonly env?: readonly { readonly name: string; readonly value: string }[] | undefined;
      }[]
    | undefined;
}

export type CandidatePlan =
  | { readonly kind: 'patch'; readonly operations: readonly JsonPatchOperation[] }
  | {
      readonly kind: 'refused';
      readonly reason: 'ContainerNotFound' | 'ConfigTooLarge';
      readonly message: string;
    };

/**
 * Operations that give the candidate's Deployment its image, environment and replicas for the run, with the journal in the
 * same patch. Fields that have the wanted value already are not touched and not journaled.
 */
export function planCandidate(
  deployment: KubernetesObject,
  change: CandidateChange,
  owner: JournalOwner,
): CandidatePlan {
  const operations: JsonPatchOperation[] = [];
  const fields: FieldChange[] = [];
  const replicas = recordAt(deployment, 'spec')?.replicas;
  if (change.replicas !== undefined && replicas !== change.replicas) {
    operations.push({ op: replicas === undefined ? 'add' : 'replace', path: '/spec/replicas', value: change.replicas });
    fields.push({
      field: 'replicas',
      applied: change.replicas,
      ...(typeof replicas === 'number' && { original: replicas }),
    });
  }
  const containers = containersOf(deployment);
  for (const wanted of change.containers ?? []) {
    const index = containers.findIndex((container) => container.name === wanted.name);
    const container = containers[index];
    if (container === undefined) {
      const names = containers.map((each) => String(each.name)).join(', ') || 'none';
      return {
        kind: 'refused',
        reason: 'ContainerNotFound',
        message: `Deployment ${deployment.metadata.name} has no container named ${wanted.name} (it has: ${names}); correct spec.mirror.deployment.containers`,
      };
    }
    changeContainer(container, index, wanted, operations, fields);
  }
  const journal: Journal = { version: 1, owner, change: { type: 'candidate', fields } };
  const size = annotationBytes(deployment, journal);
  if (size.others + size.journal > MAX_ANNOTATION_BYTES) {
    const [needed, present] = [size.journal, size.others].map((bytes) => Math.ceil(bytes / 1024));
    return {
      kind: 'refused',
      reason: 'ConfigTooLarge',
      message: `Deployment ${deployment.metadata.name}: the way back needs an annotation of ${needed} KiB beside ${present} KiB that are there, and ${MAX_ANNOTATION_BYTES / 1024} KiB is the limit; put large values of spec.mirror.deployment.containers[].env in a ConfigMap that the container reads`,
    };
  }
  return { kind: 'patch', operations: [...operations, ...writeJournal(deployment, journal)] };
}

/**
 * What of the candidate's containers does not have the value of the run. Replicas are not among it (they are an
 * autoscaler's), nor are images: admission may write them in another way, see `imagesOf`.
 */
export function changedEnvironment(deployment: KubernetesObject, change: CandidateChange): readonly string[] {
  const containers = containersOf(deployment);
  return (change.containers ?? []).flatMap((wanted) => {
    const index = containers.findIndex((container) => container.name === wanted.name);
    const container = containers[index];
    if (container === undefined) return [`container ${wanted.name}`];
    const fields: FieldChange[] = [];
    changeContainer(container, index, wanted, [], fields);
    return fields.flatMap((each) => (each.field === 'env' ? `env ${each.name} of container ${wanted.name}` : []));
  });
}

export interface RestorePlan {
  readonly operations: readonly JsonPatchOperation[];
  /** Fields that somebody else has changed since and that are therefore left as they are. */
  readonly kept: readonly string[];
}

/** Operations that put every field back that still has the value of the run, and take the journal off. */
export function planCandidateRestore(deployment: KubernetesObject, fields: readonly FieldChange[]): RestorePlan {
  const operations: JsonPatchOperation[] = [];
  const kept: string[] = [];
  const containers = containersOf(deployment);
  for (const change of fields) {
    if (change.field === 'replicas') {
      const current = recordAt(deployment, 'spec')?.replicas;
      if (current !== change.applied) kept.push(`spec.replicas (${String(current)})`);
      else operations.push(restoreValue('/spec/replicas', change.original));
      continue;
    }
    const index = containers.findIndex((container) => container.name === change.container);
    const container = containers[index];
    if (container === undefined) {
      kept.push(`container ${change.container} (removed)`);
      continue;
    }
    const path = `/spec/template/spec/containers/${index}`;
    if (change.field === 'image') {
      if (!isImage(container.image, change.applied))
        kept.push(`image of container ${change.container} (${String(container.image)})`);
      else operations.push(restoreValue(`${path}/image`, change.original));
      continue;
    }
    const env = recordsAt(container, 'env');
    const position = env.findIndex((entry) => entry.name === change.name);
    const entry = env[position];
    if (entry === undefined || entry.value !== change.applied) {
      kept.push(`env ${change.name} of container ${change.container}`);
    } else if (change.original !== undefined) {
      operations.push({ op: 'replace', path: `${path}/env/${position}`, value: change.original });
    } else {
      operations.push({ op: 'remove', path: `${path}/env/${position}` });
    }
  }
  return { operations: [...removalsLast(withoutEmptyEnv(operations, containers)), ...removeJournal(deployment)], kept };
}

/** Admission may add the digest to an image that was written by its tag. */
function isImage(current: unknown, applied: string): boolean {
  return current === applied || (typeof current === 'string' && current.startsWith(`${applied}@sha256:`));
}

/** Removing a list entry moves those behind it: values go first, then removals from the highest index down. */
function removalsLast(operations: readonly JsonPatchOperation[]): readonly JsonPatchOperation[] {
  const entryIndex = (each: JsonPatchOperation) => Number(/\/env\/(\d+)$/.exec(each.path)?.[1] ?? -1);
  const isEntryRemoval = (each: JsonPatchOperation) => each.op === 'remove' && entryIndex(each) >= 0;
  return [
    ...operations.filter((each) => !isEntryRemoval(each)),
    ...operations.filter(isEntryRemoval).sort((a, b) => entryIndex(b) - entryIndex(a)),
  ];
}

function changeContainer(
  container: Record<string, unknown>,
  index: number,
  wanted: NonNullable<CandidateChange['containers']>[number],
  operations: JsonPatchOperation[],
  fields: FieldChange[],
): void {
  const path = `/spec/template/spec/containers/${index}`;
  if (wanted.image !== undefined && container.image !== wanted.image) {
    operations.push({ op: 'add', path: `${path}/image`, value: wanted.image });
    fields.push({
      field: 'image',
      container: wanted.name,
      applied: wanted.image,
      ...(typeof container.image === 'string' && { original: container.image }),
    });
  }
  const env = recordsAt(container, 'env');
  let created = env.length > 0;
  for (const { name, value } of wanted.env ?? []) {
    const position = env.findIndex((entry) => entry.name === name);
    const original = env[position];
    if (original !== undefined && original.value === value) continue;
    if (original !== undefined)
      operations.push({ op: 'replace', path: `${path}/env/${position}`, value: { name, value } });
    else if (created) operations.push({ op: 'add', path: `${path}/env/-`, value: { name, value } });
    else operations.push({ op: 'add', path: `${path}/env`, value: [{ name, value }] });
    created = true;
    fields.push({
      field: 'env',
      container: wanted.name,
      name,
      applied: value,
      ...(original !== undefined && { original }),
    });
  }
}

/** When the last entry of an env list goes, the list goes: an empty list is not what was there before. */
function withoutEmptyEnv(
  operations: readonly JsonPatchOperation[],
  containers: readonly Record<string, unknown>[],
): readonly JsonPatchOperation[] {
  return containers.reduce<readonly JsonPatchOperation[]>((kept, container, index) => {
    const prefix = `/spec/template/spec/containers/${index}/env/`;
    const removals = kept.filter((each) => each.op === 'remove' && each.path.startsWith(prefix));
    if (removals.length === 0 || removals.length < recordsAt(container, 'env').length) return kept;
    return [
      ...kept.filter((each) => !each.path.startsWith(prefix)),
      { op: 'remove', path: `/spec/template/spec/containers/${index}/env` },
    ];
  }, operations);
}

function restoreValue(path: string, original: unknown): JsonPatchOperation {
  return original === undefined ? { op: 'remove', path } : { op: 'replace', path, value: original };
}

function containersOf(deployment: KubernetesObject): readonly Record<string, unknown>[] {
  const template = recordAt(recordAt(deployment, 'spec'), 'template');
  return recordsAt(recordAt(template, 'spec'), 'containers');
}

/** The images of the containers, for the status. */
export function imagesOf(deployment: KubernetesObject, containers: readonly string[]): string {
  return containersOf(deployment)
    .filter((container) => containers.length === 0 || containers.includes(String(container.name)))
    .map((container) => String(container.image))
    .join(', ');
}
