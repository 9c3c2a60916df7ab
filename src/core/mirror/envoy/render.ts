import type { Plain } from './desired.ts';

/** How a file is written, as far as new text has to fit in. */
export interface Style {
  /** Line ending. */
  eol: string;
  /** Whether the file is JSON, which Envoy reads with a stricter parser. */
  json: boolean;
  /** Columns that a nested map is indented by. */
  mapIndent: number;
  /** Columns that a list's dashes are indented by, from the key above them. */
  listIndent: number;
}

/** Lines of block style, without indentation of their own and without line endings. */
function renderBlock(value: Plain, style: Style): string[] {
  if (Array.isArray(value) && value.length > 0) return value.flatMap((item) => renderItem(item, style));
  if (isObject(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([key, child]) => renderField(key, child, style));
  }
  return [renderFlow(value, false)];
}

/** Lines of `key: value` in block style. */
export function renderField(key: string, value: Plain, style: Style): string[] {
  const name = renderString(key);
  if (isEmptyOrScalar(value)) return [`${name}: ${renderFlow(value, false)}`];
  const indent = ' '.repeat(Array.isArray(value) ? style.listIndent : style.mapIndent);
  return [`${name}:`, ...renderBlock(value, style).map((line) => indent + line)];
}

/** Lines of `- value` in block style. */
export function renderItem(value: Plain, style: Style): string[] {
  return renderBlock(value, style).map((line, index) => (index === 0 ? '- ' : '  ') + line);
}

/** One line of flow style; with `json`, of JSON. */
export function renderFlow(value: Plain, json: boolean): string {
  if (typeof value === 'string') return json ? quote(value) : renderString(value);
  if (Array.isArray(value)) return `[${value.map((item) => renderFlow(item, json)).join(', ')}]`;
  if (isObject(value)) {
    const fields = Object.entries(value).map(([key, child]) => renderFlowField(key, child, json));
    return fields.length === 0 ? '{}' : `{${fields.join(', ')}}`;
  }
  return String(value);
}

/** `key: value` in flow style. */
export function renderFlowField(key: string, value: Plain, json: boolean): string {
  return `${json ? quote(key) : renderString(key)}: ${renderFlow(value, json)}`;
}

const PLAIN_STRING = /^([A-Za-z_][A-Za-z0-9_./-]*|[0-9]+s)$/;
// YAML 1.1 readers, and Envoy's is one, take these words for booleans, nulls and numbers.
const RESERVED = /^(y|n|yes|no|on|off|true|false|null|nan|inf|infinity)$/i;

function renderString(text: string): string {
  return PLAIN_STRING.test(text) && !RESERVED.test(text) ? text : quote(text);
}

/** A JSON string, which every YAML reader takes as well: what is not printable in YAML is escaped. */
function quote(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u00a0\u00ad\u2028\u2029\ufeff\ufffe\uffff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function isObject(value: Plain): value is { [key: string]: Plain } {
  return typeof value === 'object' && !Array.isArray(value);
}

function isEmptyOrScalar(value: Plain): boolean {
  return typeof value !== 'object' || Object.keys(value).length === 0;
}
