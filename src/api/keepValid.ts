import { defaultOf, isRecord, itemKey, own, type StructuralSchema, unlessSame, validate } from './structuralSchema.ts';

/**
 * What is valid of outside data, with defaults; undefined when nothing is. An invalid field or item is left out, and so
 * is an object that then misses a required field. Never throws; the input is not changed, and what is valid as it is is
 * not copied: of a thousand experiments that is half of the memory.
 */
export function keepValid(schema: StructuralSchema, input: unknown): unknown {
  if (input === undefined) return undefined;
  if (schema.type === 'object') return keepValidFields(schema, input);
  if (schema.type === 'array') return keepValidItems(schema, input);
  const { value, errors } = validate(schema, input, '');
  return errors.length === 0 ? value : undefined;
}

function keepValidFields(schema: StructuralSchema, input: unknown): unknown {
  if (!isRecord(input)) return undefined;
  const kept: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const value = keepValid(field, own(input, name)) ?? keepValid(field, defaultOf(field));
    if (value !== undefined) kept[name] = value;
  }
  return (schema.required ?? []).every((name) => Object.hasOwn(kept, name)) ? unlessSame(kept, input) : undefined;
}

function keepValidItems(schema: StructuralSchema, input: unknown): unknown {
  if (!Array.isArray(input) || schema.items === undefined) return undefined;
  const seen = new Set<string>();
  const kept: unknown[] = [];
  for (const item of input) {
    const value = keepValid(schema.items, item);
    const key = itemKey(schema, value);
    if (value === undefined || kept.length === schema.maxItems || (key !== undefined && seen.has(key))) continue;
    if (key !== undefined) seen.add(key);
    kept.push(value);
  }
  return kept.length >= (schema.minItems ?? 0) ? unlessSame(kept, input) : undefined;
}
