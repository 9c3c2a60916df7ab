import { parseAllDocuments } from 'yaml';

/** The data of all documents of a text; undefined when it cannot be read. */
export function read(text: string): unknown {
  const documents = parseAllDocuments(text, { uniqueKeys: false, logLevel: 'silent' });
  if (!Array.isArray(documents)) return [];
  if (documents.some((document) => document.errors.length > 0)) return undefined;
  return documents.map((document) => document.toJS());
}

/** How many policies set our mark. */
export function marked(data: unknown): number {
  if (Array.isArray(data)) return data.reduce((sum, item) => sum + marked(item), 0);
  if (!isRecord(data)) return 0;
  return Object.entries(data).reduce((sum, [key, value]) => {
    if (!POLICIES.has(key)) return sum + marked(value);
    return sum + [value].flat().filter(isMarked).length;
  }, 0);
}

export const POLICIES = new Set(['request_mirror_policies', 'requestMirrorPolicies']);

export function isMarked(policy: unknown): boolean {
  return /"key":"x-mirror(-experiment)?","value":"experiment"/i.test(JSON.stringify(policy));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
