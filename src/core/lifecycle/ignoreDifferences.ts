import { stringify } from 'yaml';
import type { ObjectRef } from '../kubernetes/object.ts';
import { type PatchedField, type PatchedObject, patchedFields } from '../mirror/patchedFields.ts';
import { sameRef, targetRefs } from './run.ts';
import { findObject, type World } from './world.ts';

/** Somebody writes as this field manager; undefined: the API server does not say who. */
export type Manager = string | undefined;

/**
 * What to paste, and where, so that the field manager leaves the objects of a run alone. One line, for a condition.
 * docs/gitops.md explains each form.
 */
export function ignoreDifferences(world: World, ref: ObjectRef, manager: Manager): string {
  const objects = patchedObjects(world)
    .map((patched) => ({ patched, object: findObject(world, patched.ref.kind, patched.ref.name) }))
    // What was fought over comes first: it stays readable where a message is cut.
    .sort((a, b) => Number(sameRef(b.patched.ref, ref)) - Number(sameRef(a.patched.ref, ref)));
  const rules = objects.map(({ patched, object }) => ({ ref: patched.ref, fields: patchedFields(patched, object) }));
  switch (toolOf(manager)) {
    case 'flux':
      return `have Flux leave ${them(rules)} alone while an experiment runs: ${annotate(rules)} (and ${PAUSE}- after it)`;
    case 'helmController':
      return `have Flux ignore what an experiment patches; in the HelmRelease: ${flow({ spec: { driftDetection: { ignore: rules.map(helmRule) } } })}`;
    case 'hand':
      return `do not apply, edit or upgrade ${them(rules)} while an experiment runs`;
    case 'argo':
      return `have Argo CD ignore what an experiment patches; in the Application: ${argo(rules)}`;
    case undefined:
      return `do not write to ${them(rules)} while an experiment runs; if a GitOps tool does, have it ignore what an experiment patches; for Argo CD, in the Application: ${argo(rules)}`;
  }
}

/** The objects that a run patches, and what in them. */
function patchedObjects({ experiment }: World): readonly PatchedObject[] {
  const { traffic, mirror } = experiment.spec;
  return targetRefs(experiment).map((ref): PatchedObject => {
    if (ref.kind === 'ConfigMap') return { role: 'config', ref, keys: traffic.envoy.configMap };
    const change = mirror.deployment;
    return ref.kind === 'Deployment' && change !== undefined && ref.name === change.name
      ? { role: 'candidate', ref, change }
      : { role: 'workload', ref };
  });
}

interface Rule {
  readonly ref: ObjectRef;
  readonly fields: readonly PatchedField[];
}

type Tool = 'argo' | 'flux' | 'helmController' | 'hand';

/** By the field managers that the tools write as; Argo CD's are those of its server-side and of its client-side apply. */
function toolOf(manager: Manager): Tool | undefined {
  if (manager === undefined) return undefined;
  if (manager.startsWith('argocd')) return 'argo';
  if (manager === 'kustomize-controller') return 'flux';
  if (manager === 'helm-controller') return 'helmController';
  return manager === 'helm' || manager === 'Helm' || manager.startsWith('kubectl') ? 'hand' : undefined;
}

function argo(rules: readonly Rule[]): string {
  const entries = rules.map(({ ref, fields }) => {
    const jqPathExpressions = fields.flatMap(({ jq }) => jq ?? []);
    return {
      ...(ref.kind === 'ConfigMap' ? {} : { group: 'apps' }),
      kind: ref.kind,
      name: ref.name,
      jsonPointers: fields.flatMap(({ pointer, jq }) => (jq === undefined ? (pointer ?? []) : [])),
      ...(jqPathExpressions.length === 0 ? {} : { jqPathExpressions }),
    };
  });
  return flow({
    spec: {
      ignoreDifferences: entries,
      syncPolicy: { syncOptions: ['RespectIgnoreDifferences=true'] },
    },
  });
}

function helmRule({ ref, fields }: Rule): object {
  return { paths: fields.flatMap(({ pointer }) => pointer ?? []), target: { kind: ref.kind, name: ref.name } };
}

const PAUSE = 'kustomize.toolkit.fluxcd.io/reconcile';

/** Rules for single fields would have Flux give up fields that nobody else owns, and the API server remove them. */
function annotate(rules: readonly Rule[]): string {
  const names = rules.map(({ ref }) => `${ref.kind.toLowerCase()}/${ref.name}`);
  return `kubectl annotate -n ${rules[0]?.ref.namespace ?? ''} ${names.join(' ')} ${PAUSE}=disabled`;
}

function them(rules: readonly Rule[]): string {
  const names = rules.map(({ ref }) => `${ref.kind} ${ref.name}`);
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function flow(value: object): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false }).trimEnd();
}
