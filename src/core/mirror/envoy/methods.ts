import type { Cursor } from './cursor.ts';

/** `all`: the route takes wanted methods only. `none`: it takes none of them. `some`: it has to be narrowed. */
export type MethodOverlap = 'all' | 'none' | 'some';

/** How the methods that a route's match lets through relate to the wanted ones. */
export function methodOverlap(match: Cursor | undefined, wanted: readonly string[]): MethodOverlap {
  if (wanted.includes('*')) return 'all';
  let overlap: MethodOverlap = 'some';
  // All matchers of a route must hold, so one of them is enough to narrow or to exclude.
  for (const matcher of match?.each('headers') ?? []) {
    if (matcher.get('name')?.string?.toLowerCase() !== ':method') continue;
    const methods = matchedMethods(matcher);
    if (methods === undefined) continue;
    const shared = methods.filter((method) => wanted.includes(method));
    if (shared.length === 0) return 'none';
    if (shared.length === methods.length) overlap = 'all';
  }
  return overlap;
}

/** The methods that a matcher takes; undefined where that cannot be told from its text. */
function matchedMethods(matcher: Cursor): string[] | undefined {
  if (matcher.get('invert_match') !== undefined) return undefined;
  const stringMatch = matcher.get('string_match');
  if (stringMatch?.get('ignore_case') !== undefined) return undefined;
  const exact = matcher.get('exact_match')?.string ?? stringMatch?.get('exact')?.string;
  if (exact !== undefined) return [exact];
  const regex = (matcher.get('safe_regex_match') ?? stringMatch?.get('safe_regex'))?.get('regex')?.string;
  return regex === undefined ? undefined : alternatives(regex);
}

/** The words of `A|B`, `(A|B)` or `^(A|B)$`; Envoy's regular expressions match the whole value. */
function alternatives(regex: string): string[] | undefined {
  const words = /^\^?(?:\((?:\?:)?([A-Z|-]+)\)|([A-Z|-]+))\$?$/.exec(regex);
  const list = words?.[1] ?? words?.[2];
  if (list === undefined) return undefined;
  // Without parentheses an anchor belongs to one alternative; "^A|B$" means the same, as the whole value must match.
  return list.split('|').every((word) => word !== '') ? list.split('|') : undefined;
}
