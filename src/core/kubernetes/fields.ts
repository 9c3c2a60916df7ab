/** Reading outside data field by field, without believing its shape. */

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The field as an object; undefined when it is anything else. */
export function recordAt(value: unknown, field: string): Record<string, unknown> | undefined {
  const found = isRecord(value) ? value[field] : undefined;
  return isRecord(found) ? found : undefined;
}

/** The field as a list of objects; what is not an object becomes an empty one, so that indices stay true. */
export function recordsAt(value: unknown, field: string): readonly Record<string, unknown>[] {
  const found = isRecord(value) ? value[field] : undefined;
  return Array.isArray(found) ? found.map((each) => (isRecord(each) ? each : {})) : [];
}

/** The field as a finite number; undefined when it is anything else. */
export function numberAt(value: unknown, field: string): number | undefined {
  const found = isRecord(value) ? value[field] : undefined;
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}

export function stringAt(value: unknown, field: string): string | undefined {
  const found = isRecord(value) ? value[field] : undefined;
  return typeof found === 'string' ? found : undefined;
}
