import { parse, stringify } from 'yaml';
import type { Edit } from '../../../../src/core/mirror/envoy/types.ts';
import type { Draw } from './draw.ts';

/** Comments that somebody has written outside of our pieces, and that have to stay. */
export const MARKER = '# written by others';

/**
 * A config with the mirror in it, changed by somebody else in one to four places, in our pieces or around them. The result
 * may be anything, also a text that cannot be read.
 */
export function changeByOthers(draw: Draw, text: string, edits: readonly Edit[]): string {
  let changed = text;
  // First, while the offsets still hold.
  if (draw.coin()) changed = withComment(draw, changed, edits);
  for (let count = 1 + draw.nat(2); count > 0; count--) changed = draw.pick(...CHANGES)(changed, draw);
  return changed;
}

const CHANGES: [(text: string, draw: Draw) => string, ...((text: string, draw: Draw) => string)[]] = [
  // In our policy.
  (text, draw) => replaceOne(draw, text, /"?numerator"?: *\d+/g, (found) => found.replace(/\d+/, '77')),
  (text, draw) => replaceOne(draw, text, /OVERWRITE_IF_EXISTS_OR_ADD/g, () => 'ADD_IF_ABSENT'),
  (text, draw) => replaceOne(draw, text, /disable_shadow_host_suffix_append/g, () => 'disableShadowHostSuffixAppend'),
  (text, draw) => replaceOne(draw, text, /request_mirror_policies/g, () => 'requestMirrorPolicies'),
  (text, draw) => replaceOne(draw, text, /runtime_fraction/g, () => 'runtimeFraction'),
  (text, draw) => replaceOne(draw, text, /HUNDRED/g, () => 'TEN_THOUSAND'),
  (text, draw) => replaceOne(draw, text, /bookservicemirror/g, () => 'ratings'),
  (text, draw) => replaceOne(draw, text, /x-mirror/g, () => 'X-Mirror'),
  // In our copies of routes and our cluster.
  (text, draw) => replaceOne(draw, text, /GET\|HEAD/g, () => 'GET|HEAD|PUT'),
  (text, draw) => replaceOne(draw, text, /65536|4096/g, () => '100'),
  // In what is theirs, and copied into ours with their routes.
  (text, draw) => replaceOne(draw, text, /3s/g, () => '4s'),
  (text, draw) => replaceOne(draw, text, /"?num_retries"?: *2/g, (found) => found.replace('2', '3')),
  (text, draw) => replaceOne(draw, text, /x-tenant/g, () => 'x-customer'),
  // Lines and characters anywhere.
  (text, draw) => withoutLine(draw, text),
  (text, draw) => insertAt(text, draw.nat(text.length), draw.pick(' ', '\n', '# new', '{{ .Values.x }}', ',', '}')),
  (text, draw) => twice(draw, text),
  // A tool that writes the whole file anew.
  (text, draw) => rewritten(text, (data) => stringify(data, { indent: draw.pick(2, 4), indentSeq: draw.coin() })),
  (text) => rewritten(text, (data) => JSON.stringify(data, null, 2)),
  (text) => text.replaceAll('\r\n', '\n'),
];

function withComment(draw: Draw, text: string, edits: readonly Edit[]): string {
  if (!text.includes('\n') || text.trimStart().startsWith('{')) return text;
  const starts = [...text.matchAll(/\n/g)].map(({ index }) => index + 1);
  const outside = starts.filter(
    (at) => !edits.some(({ offset, inserted }) => at >= offset && at < offset + inserted.length),
  );
  const at = outside[draw.nat(Math.max(0, outside.length - 1))];
  return at === undefined ? text : insertAt(text, at, `${MARKER}\n`);
}

function replaceOne(draw: Draw, text: string, pattern: RegExp, by: (found: string) => string): string {
  const found = [...text.matchAll(pattern)];
  const chosen = found[draw.nat(Math.max(0, found.length - 1))];
  if (chosen === undefined) return text;
  return text.slice(0, chosen.index) + by(chosen[0]) + text.slice(chosen.index + chosen[0].length);
}

function withoutLine(draw: Draw, text: string): string {
  const lines = text.split('\n');
  lines.splice(draw.nat(lines.length - 1), 1);
  return lines.join('\n');
}

/** A block of lines that somebody has copied to right below it. */
function twice(draw: Draw, text: string): string {
  const lines = text.split('\n');
  const start = draw.nat(lines.length - 1);
  const block = lines.slice(start, start + 1 + draw.nat(20));
  return [...lines.slice(0, start), ...block, ...lines.slice(start)].join('\n');
}

function insertAt(text: string, at: number, inserted: string): string {
  return text.slice(0, at) + inserted + text.slice(at);
}

function rewritten(text: string, write: (data: unknown) => string): string {
  try {
    return write(parse(text));
  } catch {
    return text;
  }
}
