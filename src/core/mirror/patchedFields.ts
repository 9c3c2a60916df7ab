import { configHashAnnotation, journalAnnotation } from '../../api/names.ts';
import { recordAt, recordsAt } from '../kubernetes/fields.ts';
import type { KubernetesObject, ObjectRef } from '../kubernetes/object.ts';
import type { CandidateChange } from './candidate.ts';
import type { ConfigKeys } from './configMap.ts';
import { pointerSegment } from './journal.ts';

/** What a run patches in one object. */
export type PatchedObject =
  | { readonly role: 'config'; readonly ref: ObjectRef; readonly keys: ConfigKeys }
  | { readonly role: 'workload'; readonly ref: ObjectRef }
  | { readonly role: 'candidate'; readonly ref: ObjectRef; readonly change: CandidateChange };

/** A patched field, by whatever can name it. */
export interface PatchedField {
  /** RFC 6901, in the object as it is; undefined: the object has no such list entry. */
  readonly pointer: string | undefined;
  /** A jq path that finds the list entries by their names; undefined: the pointer has no list index in it. */
  readonly jq?: string;
}

/** Patched lists that are longer than this are named as a whole: nobody pastes a hundred variables. */
const MAX_NAMED = 12;

/**
 * The fields that a run changes in an object, the journal included. Container fields are named one by one; where there are
 * too many, the list of containers is named.
 */
export function patchedFields(patched: PatchedObject, object: KubernetesObject | undefined): readonly PatchedField[] {
  const journal = { pointer: `/metadata/annotations/${pointerSegment(journalAnnotation)}` };
  switch (patched.role) {
    case 'config': {
      const { key, clustersKey } = patched.keys;
      const keys = clustersKey === undefined ? [key] : [key, clustersKey];
      return [...keys.map((each) => ({ pointer: `/data/${pointerSegment(each)}` })), journal];
    }
    case 'workload':
      return [{ pointer: `/spec/template/metadata/annotations/${pointerSegment(configHashAnnotation)}` }, journal];
    case 'candidate': {
      const { replicas, containers = [] } = patched.change;
      const named = containers.flatMap((container) => containerFields(container, object));
      const all = named.length > MAX_NAMED ? [{ pointer: CONTAINERS }] : named;
      return [...(replicas === undefined ? [] : [{ pointer: '/spec/replicas' }]), ...all, journal];
    }
  }
}

const CONTAINERS = '/spec/template/spec/containers';

function containerFields(
  { name, image, env = [] }: NonNullable<CandidateChange['containers']>[number],
  object: KubernetesObject | undefined,
): PatchedField[] {
  const template = recordAt(recordAt(object, 'spec'), 'template');
  const containers = recordsAt(recordAt(template, 'spec'), 'containers');
  const index = containers.findIndex((container) => container.name === name);
  const variables = recordsAt(containers[index], 'env');
  const path = index < 0 ? undefined : `${CONTAINERS}/${index}`;
  const jq = `.spec.template.spec.containers[] | select(.name == ${JSON.stringify(name)})`;
  const variable = (each: string): PatchedField => {
    const position = variables.findIndex((entry) => entry.name === each);
    return {
      pointer: position < 0 ? undefined : `${path}/env/${position}`,
      jq: `${jq} | .env[]? | select(.name == ${JSON.stringify(each)})`,
    };
  };
  return [
    ...(image === undefined
      ? []
      : [{ pointer: path === undefined ? undefined : `${path}/image`, jq: `${jq} | .image` }]),
    ...env.map((entry) => variable(entry.name)),
  ];
}
