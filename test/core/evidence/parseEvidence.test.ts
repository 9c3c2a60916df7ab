import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseEvidence } from '../../../src/core/evidence/parseEvidence.ts';
import { evaluate } from '../../../src/core/verdict/evaluate.ts';
import type { EvidenceDocument } from '../../../src/core/verdict/evidence.ts';
import vectors from '../../vectors/verdict.json' with { type: 'json' };

const documents = vectors.vectors.filter(({ function: name }) => name === 'evaluate');
const healthy = documents[0]?.input as unknown as EvidenceDocument;

/** The healthy document with one place replaced. */
function changed(path: readonly (string | number)[], value: unknown): unknown {
  const copy: unknown = structuredClone(healthy);
  let at = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
  const last = path.at(-1) ?? '';
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

function errorsOf(input: unknown): string[] {
  const parsed = parseEvidence(input);
  return parsed.kind === 'invalid' ? parsed.errors.map(({ path, message }) => `${path}: ${message}`) : [];
}

/** Every path of the document down to its leaves. */
function paths(value: unknown, path: readonly (string | number)[] = []): (string | number)[][] {
  const here = path.length > 0 ? [[...path]] : [];
  if (Array.isArray(value)) return [...here, ...value.flatMap((each, index) => paths(each, [...path, index]))];
  if (typeof value !== 'object' || value === null) return here;
  return [...here, ...Object.entries(value).flatMap(([key, each]) => paths(each, [...path, key]))];
}

test.for(documents)('takes $name as it is', ({ input }) => {
  expect(parseEvidence(input)).toEqual({ kind: 'evidence', document: input });
});

describe('refuses, with the place', () => {
  test.for<[path: (string | number)[], value: unknown, error: string]>([
    [['apiVersion'], 'v2', 'apiVersion: must be "mirroring.dev/evidence/v1"; it is "v2"'],
    [['deadline'], 'no', 'deadline: must be true or false; it is "no"'],
    [['deadline'], undefined, 'deadline: is missing'],
    [['mirrorPercent'], 101, 'mirrorPercent: must be from 0.000001 to 100; it is 101'],
    [['analysis', 'falseAlarmPercent'], 0, 'analysis.falseAlarmPercent: must be from 0.000001 to 50; it is 0'],
    [['analysis', 'latency'], [], 'analysis.latency: must have at least 1 entries; it has 0'],
    [
      ['analysis', 'latency', 0, 'percentile'],
      99.5,
      'analysis.latency[0].percentile: must be a whole number; it is 99.5',
    ],
    [['analysis', 'latency', 0, 'percentile'], 95, 'analysis.latency[1].percentile: is there twice: 95'],
    [
      ['analysis', 'latency', 0, 'percentile'],
      40,
      'routes[0].blocks[0].live.atOrBelow: has no count for percentile 40 of analysis.latency',
    ],
    [['routes', 0, 'name'], '(all)', 'routes[0].name: (all) is the name of the sum, which is made from the routes'],
    [['routes', 0, 'live', 'items'], -1, 'routes[0].live.items: must be at least 0; it is -1'],
    [['routes', 0, 'live', 'items'], 1.5, 'routes[0].live.items: must be a whole number; it is 1.5'],
    [
      ['routes', 0, 'live', 'histogram', '-350'],
      1,
      'routes[0].live.histogram["-350"]: is no bucket: the lowest is -349',
    ],
    [['routes', 0, 'live', 'histogram', 'x'], 1, 'routes[0].live.histogram["x"]: is no bucket: keys are whole numbers'],
    [
      ['routes', 0, 'blocks', 1, 'start'],
      0,
      'routes[0].blocks[1].start: must be greater than that of the block before',
    ],
    [
      ['routes', 0, 'pairs'],
      { count: 1, onlyMirrorFailed: 1, onlyLiveFailed: 1, slower: 0 },
      'routes[0].pairs: the sum of its parts must be at most count (1); it is 2',
    ],
  ])('%j: %j', ([path, value, error]) => {
    expect(errorsOf(changed(path, value))).toContain(error);
  });

  test('a histogram that is not the successes', () => {
    const { requests = 0, errors = 0 } = healthy.routes[0]?.live ?? {};
    expect(errorsOf(changed(['routes', 0, 'live', 'requests'], requests + 1))).toEqual([
      `routes[0].live.histogram: sums to ${requests - errors}, but requests − errors is ${requests - errors + 1}`,
    ]);
  });

  test('51 routes, and two of one name', () => {
    const route = healthy.routes[0];
    const routes = (count: number) => Array.from({ length: count }, (_, index) => ({ ...route, name: `r${index}` }));
    expect(errorsOf({ ...healthy, routes: routes(50) })).toEqual([]);
    expect(errorsOf({ ...healthy, routes: routes(51) })).toEqual(['routes: must have at most 50 entries; it has 51']);
    expect(errorsOf({ ...healthy, routes: [route, route] })).toEqual([
      `routes[1].name: is there twice: ${JSON.stringify(route?.name)}`,
    ]);
  });

  test('anything else, without throwing', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true, withSparseArray: true }), (input) => {
        expect(parseEvidence(input).kind).toBe('invalid');
      }),
    );
  });

  test('with no more than some errors', () => {
    const histogram = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`x${index}`, 1]));
    expect(errorsOf(changed(['routes', 0, 'live', 'histogram'], histogram)).length).toBeLessThanOrEqual(21);
  });
});

test('what is taken can be judged, whatever one place holds', () => {
  const all = paths(healthy);
  const values = fc.oneof(
    fc.anything(),
    fc.integer(),
    fc.nat(),
    fc.double(),
    fc.constantFrom(0, 1, -0, 2 ** 53 - 1, Number.NaN, undefined),
  );
  let taken = 0;
  fc.assert(
    fc.property(fc.constantFrom(...all), values, (path, value) => {
      const parsed = parseEvidence(changed(path, value));
      if (parsed.kind === 'invalid') return;
      taken += 1;
      const { verdict, routes } = evaluate(parsed.document);
      expect(['Pass', 'Fail', 'Running', 'Inconclusive']).toContain(verdict);
      for (const { gates } of routes) {
        for (const { logEvidenceFail, logEvidencePass } of gates) {
          expect([logEvidenceFail, logEvidencePass].every((each) => Number.isFinite(each))).toBe(true);
        }
      }
    }),
    { numRuns: 1000 },
  );
  expect(taken).toBeGreaterThan(20);
});

test('fields that are not known are left alone', () => {
  expect(errorsOf({ ...healthy, comment: 'mine' })).toEqual([]);
  expect(errorsOf(changed(['analysis', 'intervalSeconds'], 30))).toEqual([]);
});
