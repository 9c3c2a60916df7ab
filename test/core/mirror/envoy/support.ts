import { readdirSync, readFileSync } from 'node:fs';
import { addMirror } from '../../../../src/core/mirror/envoy/addMirror.ts';
import type { AddResult, ConfigFiles, MirrorIntent } from '../../../../src/core/mirror/envoy/types.ts';

const fixtures = new URL('../../../fixtures/envoy/', import.meta.url);

export function fixture(path: string): string {
  return readFileSync(new URL(path, fixtures), 'utf8');
}

export function fixtureNames(folder: string): string[] {
  return readdirSync(new URL(`${folder}/`, fixtures)).sort();
}

/** The experiment of most tests: 25 % of the reads of bookservice go to bookservicemirror. */
export function intentOf(changes: Partial<MirrorIntent> = {}): MirrorIntent {
  return {
    liveCluster: 'bookservice',
    mirrorCluster: 'bookservicemirror',
    percent: 25,
    methods: ['GET', 'HEAD', 'OPTIONS'],
    mirrorAddress: { host: 'bookservicemirror', port: 80 },
    maxStreamDurationSeconds: 10,
    maxRequests: 4096,
    mark: { header: 'x-mirror', value: 'experiment' },
    reload: 'restart',
    ...changes,
  };
}

/** The result of an edit that must succeed. */
export function patched(files: ConfigFiles, intent: MirrorIntent): Extract<AddResult, { kind: 'patched' }> {
  const result = addMirror(files, intent);
  if (result.kind !== 'patched') throw new Error(`refused with ${result.reason}: ${result.message}`);
  return result;
}

/** One file's text after an edit that must succeed. */
export function patchedText(key: string, text: string, intent: MirrorIntent): string {
  const result = patched({ routes: { key, text } }, intent);
  return result.files[key] ?? '';
}
