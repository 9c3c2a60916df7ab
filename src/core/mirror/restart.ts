import { configHashAnnotation } from '../../api/names.ts';
import { recordAt } from '../kubernetes/fields.ts';
import type { JsonPatchOperation, KubernetesObject } from '../kubernetes/object.ts';
import { type Journal, type JournalOwner, pointerSegment, removeJournal, writeJournal } from './journal.ts';

/** Operations that make a workload replace its pods, so that a static Envoy bootstrap is read again. */
export function planRestart(workload: KubernetesObject, configHash: string, owner: JournalOwner): JsonPatchOperation[] {
  const journal: Journal = { version: 1, owner, change: { type: 'restart' } };
  const metadata = recordAt(templateOf(workload), 'metadata');
  const value = { [configHashAnnotation]: configHash };
  const annotate: JsonPatchOperation =
    metadata === undefined
      ? { op: 'add', path: '/spec/template/metadata', value: { annotations: value } }
      : recordAt(metadata, 'annotations') === undefined
        ? { op: 'add', path: '/spec/template/metadata/annotations', value }
        : { op: 'add', path: annotationPath, value: configHash };
  return [annotate, ...writeJournal(workload, journal)];
}

/** Operations that restore the pod template, which makes the controller replace the pods once more. */
export function planRestartRestore(workload: KubernetesObject): JsonPatchOperation[] {
  const annotations = Object.keys(recordAt(recordAt(templateOf(workload), 'metadata'), 'annotations') ?? {});
  const restore: JsonPatchOperation[] = annotations.includes(configHashAnnotation)
    ? [{ op: 'remove', path: annotations.length === 1 ? '/spec/template/metadata/annotations' : annotationPath }]
    : [];
  return [...restore, ...removeJournal(workload)];
}

const annotationPath = `/spec/template/metadata/annotations/${pointerSegment(configHashAnnotation)}`;

function templateOf(workload: KubernetesObject): Record<string, unknown> | undefined {
  return recordAt(recordAt(workload, 'spec'), 'template');
}
