import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { stripMirror } from '../../../../src/core/mirror/envoy/stripMirror.ts';
import type { StripTarget } from '../../../../src/core/mirror/envoy/traces.ts';
import { changeByOthers, MARKER } from './changeByOthers.ts';
import { draws } from './draw.ts';
import { generateConfig } from './generateConfig.ts';
import { isMarked, marked, POLICIES, read } from './markedPolicies.ts';
import { intentOf, patched } from './support.ts';
import { writeConfig } from './writeConfig.ts';

const KEY = 'envoy.yaml';
const RUNS = Number(process.env.PROPERTY_RUNS ?? 150);
const MARK = { header: 'x-mirror', value: 'experiment' };
const TARGET: StripTarget = { mark: MARK, mirrorCluster: 'bookservicemirror' };

const cases = fc.record({ draws, methods: fc.constantFrom(['*'], ['GET', 'HEAD']) });

describe('generated configs', { timeout: 60_000 + RUNS * 400 }, () => {
  test('without a record of what was put in, the mirror goes and nothing else does', () => {
    fc.assert(
      fc.property(cases, fc.boolean(), ({ draws: { draw }, methods }, nameKnown) => {
        const config = generateConfig(draw);
        fc.pre(config.live.some(({ method }) => method !== 'POST'));
        const text = writeConfig(draw, config.data);
        const mirror = patched({ routes: { key: KEY, text } }, intentOf({ liveCluster: config.liveCluster, methods }));
        const result = stripMirror(mirror.files, nameKnown ? TARGET : { mark: MARK });
        expect(result).toMatchObject({ copying: [], left: [] });
        const after = result.files[KEY] ?? '';
        expect(withoutEmptyLists(parse(after))).toEqual(withoutEmptyLists(parse(text)));
        // An empty list that was there before is gone with its key.
        if (!/request_mirror_policies['"]?: *\[ *\]/.test(text)) expect(after).toBe(text);
      }),
      { numRuns: RUNS },
    );
  });

  test('whatever others have changed, no policy of ours stays unless it is told, and theirs stays', () => {
    let stripped = 0;
    let told = 0;
    let left = 0;
    fc.assert(
      fc.property(cases, ({ draws: { draw }, methods }) => {
        const config = generateConfig(draw);
        fc.pre(config.live.some(({ method }) => method !== 'POST'));
        const text = writeConfig(draw, config.data);
        const mirror = patched({ routes: { key: KEY, text } }, intentOf({ liveCluster: config.liveCluster, methods }));
        const before = changeByOthers(draw, mirror.files[KEY] ?? '', mirror.edits[0]?.edits ?? []);
        const result = stripMirror({ [KEY]: before }, TARGET);
        const after = result.files[KEY] ?? before;
        const data = read(before);
        if (data === undefined) {
          expect(after).toBe(before);
          expect(result.copying.length > 0).toBe(/request_?mirror_?policies/i.test(before));
          told++;
          return;
        }
        stripped++;
        const policies = marked(read(after));
        expect(result.copying.length).toBeGreaterThanOrEqual(policies);
        if (policies > 0) left++;
        expect(canonical(read(after))).toEqual(canonical(data));
        expect(isSubsequence(after.replace(/[\s[\]]/g, ''), before)).toBe(true);
        expect(after.split(MARKER).length).toBe(before.split(MARKER).length);
        expect(stripMirror({ [KEY]: after }, TARGET).files).toEqual({});
      }),
      { numRuns: RUNS },
    );
    expect(stripped).toBeGreaterThan(RUNS / 3);
    expect(told).toBeGreaterThan(0);
    // Where a change has destroyed the very words by which a policy is recognised.
    expect(left).toBeLessThan(stripped / 20);
  });
});

/** What a config says apart from what may be left of the mirror or be gone with it. */
function canonical(data: unknown): unknown {
  if (Array.isArray(data)) {
    // From the last to the first: a copy of a copy is one of the route below them.
    const kept: unknown[] = [];
    for (const item of data.toReversed()) {
      const said = canonical(item);
      if (!isMirrorCluster(item) && !isCopy(said, kept[0])) kept.unshift(said);
    }
    return kept;
  }
  if (!isRecord(data)) return data;
  return Object.fromEntries(
    Object.entries(data).flatMap(([key, value]) => {
      if (!POLICIES.has(key)) return [[key, canonical(value)]];
      const others = [value].flat().filter((policy) => policy !== null && !isMarked(policy) && !isOurForm(policy));
      return others.length === 0 ? [] : [[key, others]];
    }),
  );
}

function isOurForm(policy: unknown): boolean {
  return isRecord(policy) && policy.cluster === 'bookservicemirror' && !('request_headers_mutations' in policy);
}

function isMirrorCluster(item: unknown): boolean {
  return isRecord(item) && item.name === 'bookservicemirror' && 'circuit_breakers' in item;
}

function isCopy(route: unknown, next: unknown): boolean {
  if (!isRecord(route) || !isRecord(route.match) || !Array.isArray(route.match.headers)) return false;
  const { headers, ...match } = route.match;
  const at = headers.findLastIndex((header) => isRecord(header) && header.name === ':method');
  const rest = headers.toSpliced(at, 1);
  const without = [{ ...match, headers: rest }, ...(rest.length === 0 ? [match] : [])];
  return at >= 0 && without.some((each) => sameJson({ ...route, match: each }, next));
}

function withoutEmptyLists(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(withoutEmptyLists);
  if (!isRecord(data)) return data;
  return Object.fromEntries(
    Object.entries(data)
      .filter(([key, value]) => !(POLICIES.has(key) && Array.isArray(value) && value.length === 0))
      .map(([key, value]) => [key, withoutEmptyLists(value)]),
  );
}

function sameJson(a: unknown, b: unknown): boolean {
  const sorted = (value: unknown): unknown =>
    isRecord(value)
      ? Object.fromEntries(
          Object.entries(value)
            .toSorted()
            .map(([key, child]) => [key, sorted(child)]),
        )
      : Array.isArray(value)
        ? value.map(sorted)
        : value;
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function isSubsequence(short: string, long: string): boolean {
  let at = 0;
  for (const character of long) if (short.startsWith(character, at)) at += character.length;
  return at === short.length;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
