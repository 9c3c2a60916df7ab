import { isRecord } from '../../kubernetes/fields.ts';
import type { Plain } from './desired.ts';
import { type ParsedFile, parseConfig, toPlain } from './parse.ts';
import { Refusal } from './refusal.ts';
import type { Change } from './splice.ts';
import { isJson } from './style.ts';

/** Parses the edited text again and throws unless it differs from the old one by the changes and nothing else. */
export function checkEdit(before: ParsedFile, text: string, changes: readonly Change[]): void {
  const expected = toPlain(before);
  applyChanges(expected, changes);
  let actual: unknown;
  try {
    actual = toPlain(parseConfig({ key: before.key, text }));
  } catch (error) {
    throw unsafe(before, `the edited text cannot be read any more (${String(error)})`);
  }
  if (isJson(before.text) && !isJson(text)) throw unsafe(before, 'the edited text is not JSON any more');
  if (!sameData(actual, expected)) throw unsafe(before, 'the edited text differs from what was meant');
}

/** Equality of plain data; the order of a map's keys does not count. */
export function sameData(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => sameData(item, b[index]));
  }
  if (!isRecord(a) || !isRecord(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameData(a[key], b[key]))
  );
}

/** Copies go in from the last to the first and after everything else, so that all paths hold when they are used. */
function applyChanges(data: unknown, changes: readonly Change[]): void {
  const original = structuredClone(data);
  for (const change of changes) {
    if (change.kind !== 'copy') applyChange(data, change);
  }
  const copies = changes.filter((change) => change.kind === 'copy');
  for (const copy of copies.toSorted((a, b) => b.index - a.index)) {
    const source = structuredClone(original);
    for (const change of copy.changes) applyChange(source, change);
    const list = valueAt(data, copy.path);
    const item = valueAt(source, [...copy.path, copy.index]);
    if (Array.isArray(list)) list.splice(copy.index, 0, item);
  }
}

function applyChange(data: unknown, change: Exclude<Change, { kind: 'copy' }> | Change): void {
  const target = valueAt(data, change.path);
  if (change.kind === 'set' && isRecord(target)) target[change.key] = cloned(change.value);
  if (change.kind === 'append' && Array.isArray(target)) target.push(cloned(change.value));
}

function cloned(value: Plain): Plain {
  return structuredClone(value);
}

function valueAt(data: unknown, path: readonly (string | number)[]): unknown {
  let value = data;
  for (const step of path) {
    if (Array.isArray(value) && typeof step === 'number') value = value[step];
    else if (isRecord(value)) value = value[String(step)];
    else return undefined;
  }
  return value;
}

function unsafe(file: ParsedFile, what: string): Refusal {
  return new Refusal(
    'EditUnsafe',
    `${file.key} was not edited: ${what}. Please report this config as a bug; writing it in plain block style helps meanwhile.`,
  );
}
