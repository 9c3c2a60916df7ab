import type { JsonPatchOperation } from '../../src/core/kubernetes/object.ts';

/** The document with the operations applied, as an API server does it (RFC 6902). The input is not changed. */
export function applyJsonPatch<T>(document: T, operations: readonly JsonPatchOperation[]): T {
  const root = { document: structuredClone(document) as unknown };
  for (const operation of operations) apply(root, operation);
  return root.document as T;
}

function apply(root: { document: unknown }, operation: JsonPatchOperation): void {
  const path = ['document', ...operation.path.split('/').slice(1).map(unescapeSegment)];
  const last = path.pop() ?? '';
  const parent = path.reduce<unknown>((value, key) => child(value, key, operation.path), root);
  if (Array.isArray(parent)) applyToList(parent, last, operation);
  else if (typeof parent === 'object' && parent !== null)
    applyToMap(parent as Record<string, unknown>, last, operation);
  else throw new Error(`${operation.path}: the parent is neither a map nor a list`);
}

function applyToList(list: unknown[], key: string, operation: JsonPatchOperation): void {
  const index = key === '-' ? list.length : Number(key);
  if (!Number.isInteger(index) || index < 0 || index > list.length) throw new Error(`${operation.path}: no such index`);
  if (operation.op === 'add') list.splice(index, 0, operation.value);
  else if (index === list.length) throw new Error(`${operation.path}: no such index`);
  else if (operation.op === 'remove') list.splice(index, 1);
  else if (operation.op === 'replace') list[index] = operation.value;
  else throw new Error('test is not used by the operator');
}

function applyToMap(map: Record<string, unknown>, key: string, operation: JsonPatchOperation): void {
  if (operation.op !== 'add' && !Object.hasOwn(map, key)) throw new Error(`${operation.path}: there is none`);
  if (operation.op === 'remove') delete map[key];
  else if (operation.op === 'test') throw new Error('test is not used by the operator');
  else map[key] = structuredClone(operation.value);
}

function child(value: unknown, key: string, path: string): unknown {
  if (typeof value !== 'object' || value === null || !(key in value)) throw new Error(`${path}: nothing at ${key}`);
  return (value as Record<string, unknown>)[key];
}

function unescapeSegment(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~');
}
