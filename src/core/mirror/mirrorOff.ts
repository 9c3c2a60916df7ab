import { copyHeader, journalAnnotation } from '../../api/names.ts';
import { recordAt } from '../kubernetes/fields.ts';
import type { JsonPatchOperation, KubernetesObject } from '../kubernetes/object.ts';
import { type ConfigKeys, writeFiles } from './configMap.ts';
import { isNamed } from './envoy/findClusters.ts';
import { removeMirror } from './envoy/removeMirror.ts';
import { sha256 } from './envoy/sha256.ts';
import { type StripResult, stripMirror } from './envoy/stripMirror.ts';
import type { StripTarget, Trace } from './envoy/traces.ts';
import type { FileEdits } from './envoy/types.ts';
import { readJournal, removeJournal } from './journal.ts';

/** `message`: for people, what was done, and which lines were left. */
export type MirrorOffPlan =
  /** As it was before, apart from what others have changed beside it. */
  | { readonly outcome: 'restored'; readonly operations: readonly JsonPatchOperation[] }
  /** No policy of ours is left, so that nothing is copied; others have changed what we had inserted. */
  | { readonly outcome: 'partly'; readonly operations: readonly JsonPatchOperation[]; readonly message: string }
  /** Requests may still be copied: somebody has to take out the lines in the message. */
  | { readonly outcome: 'copying'; readonly operations: readonly JsonPatchOperation[]; readonly message: string };

/**
 * Operations that take the mirror out again and the journal off: exactly, where what was put in can be told apart to the
 * letter; otherwise whatever of it is recognised. Changes that others made meanwhile stay.
 */
export function planMirrorOff(
  configMap: KubernetesObject,
  files: readonly FileEdits[],
  experiment: string,
): MirrorOffPlan {
  const data = recordAt(configMap, 'data') ?? {};
  const current = textsOf(
    data,
    files.map(({ key }) => key),
  );
  const exact = restoreExactly(current, files);
  const clusterAdded = files.some((file) => file.clusterAdded);
  const target = { mark: markOf(experiment), mirrorCluster: files[0]?.mirrorCluster, clusterAdded };
  const stripped = stripMirror({ ...current, ...exact.texts }, target);
  const operations = [...writeFiles(data, { ...exact.texts, ...stripped.files }), ...removeJournal(configMap)];
  const untouched = Object.keys(stripped.files).length === 0 && stripped.copying.length === 0;
  if (exact.whole && untouched) return { outcome: 'restored', operations };
  return describe(operations, stripped, 'somebody has changed what the operator had inserted');
}

/**
 * Operations for a ConfigMap whose journal is gone or edited: what is recognised as put in for the experiment is taken out.
 * `known`: where the run is known to have put it. Undefined: there is nothing of it.
 */
export function planMirrorOffUnrecorded(
  configMap: KubernetesObject,
  experiment: string,
  known: { readonly keys: ConfigKeys; readonly mirrorCluster: string } | undefined,
): MirrorOffPlan | undefined {
  const data = recordAt(configMap, 'data') ?? {};
  const marked = Object.keys(data).filter((key) => mentionsMark(data[key]));
  const keys = known === undefined ? marked : [...marked, known.keys.key, known.keys.clustersKey ?? known.keys.key];
  const current = textsOf(data, keys);
  const target: StripTarget = { mark: markOf(experiment), mirrorCluster: known?.mirrorCluster };
  const stripped = stripMirror(current, target);
  const isClean = Object.values({ ...current, ...stripped.files }).every((text) => !mentionsMark(text));
  const isOurs = known !== undefined || Object.keys(stripped.files).length > 0;
  const unreadable = isOurs && isClean && readJournal(configMap) === 'unreadable' ? removeJournal(configMap) : [];
  const operations = [...writeFiles(data, stripped.files), ...unreadable];
  if (stripped.copying.length === 0 && Object.keys(stripped.files).length === 0) {
    return operations.length === 0 ? undefined : { outcome: 'restored', operations };
  }
  return describe(
    operations,
    stripped,
    `the annotation ${journalAnnotation}, which held the way back, is gone or edited`,
  );
}

/** The files that can be restored to the letter; all or nothing where one of them has a cluster that is in use now. */
function restoreExactly(
  current: Record<string, string>,
  files: readonly FileEdits[],
): { texts: Record<string, string>; whole: boolean } {
  const results = files.map((file) => removeMirror(current, [file]));
  // Assigning would not set a key that is called __proto__, which a ConfigMap may have.
  const texts = Object.fromEntries(
    results.flatMap((result) => (result.kind === 'restored' ? Object.entries(result.files) : [])),
  );
  const whole = results.every(({ kind }) => kind === 'restored');
  const changed = files.some(({ key, patchedSha256 }) => sha256(current[key] ?? '') !== patchedSha256);
  const added = files.find((file) => file.clusterAdded);
  // Envoy does not start with a route to a cluster that is not there.
  const inUse = added !== undefined && changed && isNamed(Object.values({ ...current, ...texts }), added.mirrorCluster);
  return inUse ? { texts: {}, whole: false } : { texts, whole };
}

function describe(
  operations: readonly JsonPatchOperation[],
  { copying, left }: StripResult,
  why: string,
): MirrorOffPlan {
  if (copying.length > 0) {
    const message = `${why}, and requests may still be copied: take out ${listed(copying)} by hand, and restart Envoy where it does not watch the file`;
    return { outcome: 'copying', operations, message };
  }
  const rest = left.length === 0 ? '' : `; left, as others may need it: ${listed(left)}`;
  const message = `${why}; the mirror policies were taken out and no request is copied any more${rest}`;
  return { outcome: 'partly', operations, message };
}

/** A condition's message holds 32 KiB, and nobody reads more than a few lines. */
const MAX_LISTED = 20;

function listed(traces: readonly Trace[]): string {
  const shown = traces.slice(0, MAX_LISTED).map(({ key, first, last, what }) => {
    return `${key} ${first === last ? `line ${first}` : `lines ${first}–${last}`} (${what})`;
  });
  return [...shown, ...(traces.length > MAX_LISTED ? [`and ${traces.length - MAX_LISTED} more`] : [])].join(', ');
}

function markOf(experiment: string): StripTarget['mark'] {
  return { header: copyHeader, value: experiment };
}

function mentionsMark(text: unknown): boolean {
  return typeof text === 'string' && text.toLowerCase().includes(copyHeader);
}

function textsOf(data: Record<string, unknown>, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    keys.flatMap((key): [string, string][] => {
      const text = Object.hasOwn(data, key) ? data[key] : undefined;
      return typeof text === 'string' ? [[key, text]] : [];
    }),
  );
}
