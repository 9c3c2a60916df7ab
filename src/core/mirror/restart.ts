import { configHashAnnotation } from '../../api/names.ts';
import { recordAt, stringAt } from '../kubernetes/fields.ts';
import type { JsonPatchOperation, KubernetesObject } from '../kubernetes/object.ts';
import { type Journal, type JournalOwner, pointerSegment, removeJournal, writeJournal } from './journal.ts';

/** Operations that make a workload replace its pods, so that a static Envoy bootstrap is read again. */
export function planRestart(workload: KubernetesObject, configHash: string, owner: JournalOwner): JsonPatchOperation[] {
  const journal: Journal = { version: 1, owner, change: { type: 'restart', config: configHash } };
  return [annotate(workload, configHash), ...writeJournal(workload, journal)];
}

/** The configuration that the workload's pods were last restarted for; undefined: somebody has taken the annotation off. */
export function restartedFor(workload: KubernetesObject): string | undefined {
  return stringAt(recordAt(recordAt(templateOf(workload), 'metadata'), 'annotations'), configHashAnnotation);
}

/**
 * Operations that restore the pod template, which makes the controller replace the pods once more. Where somebody has
 * taken our annotation away while the mirror was on, the template has nothing left to restore, but its pods have started
 * with the mirror: they are replaced by an annotation that stays.
 */
export function planRestartRestore(workload: KubernetesObject): JsonPatchOperation[] {
  const annotations = Object.keys(recordAt(recordAt(templateOf(workload), 'metadata'), 'annotations') ?? {});
  const restore: JsonPatchOperation[] = annotations.includes(configHashAnnotation)
    ? [{ op: 'remove', path: annotations.length === 1 ? '/spec/template/metadata/annotations' : annotationPath }]
    : [];
  const journal = removeJournal(workload);
  return journal.length > 0 && restore.length === 0
    ? [...planRestartAgain(workload), ...journal]
    : [...restore, ...journal];
}

/** Operations that replace the pods of a workload which carries nothing of ours any more. */
export function planRestartAgain(workload: KubernetesObject): JsonPatchOperation[] {
  return [annotate(workload, `restored-${workload.metadata.resourceVersion}`)];
}

const annotationPath = `/spec/template/metadata/annotations/${pointerSegment(configHashAnnotation)}`;

function annotate(workload: KubernetesObject, value: string): JsonPatchOperation {
  const metadata = recordAt(templateOf(workload), 'metadata');
  const annotations = { [configHashAnnotation]: value };
  if (metadata === undefined) return { op: 'add', path: '/spec/template/metadata', value: { annotations } };
  return recordAt(metadata, 'annotations') === undefined
    ? { op: 'add', path: '/spec/template/metadata/annotations', value: annotations }
    : { op: 'add', path: annotationPath, value };
}

function templateOf(workload: KubernetesObject): Record<string, unknown> | undefined {
  return recordAt(recordAt(workload, 'spec'), 'template');
}
