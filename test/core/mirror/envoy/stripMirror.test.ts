import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { stripMirror } from '../../../../src/core/mirror/envoy/stripMirror.ts';
import type { StripTarget } from '../../../../src/core/mirror/envoy/traces.ts';
import type { MirrorIntent } from '../../../../src/core/mirror/envoy/types.ts';
import { fixture, fixtureNames, intentOf, patched, patchedText } from './support.ts';

const KEY = 'envoy.yaml';
const MARK = { header: 'x-mirror', value: 'experiment' };
const TARGET: StripTarget = { mark: MARK, mirrorCluster: 'bookservicemirror' };
const original = fixture('good/unindented-lists.yaml');
const everyMethod = patchedText(KEY, original, intentOf({ methods: ['*'] }));
const narrowed = patchedText(KEY, original, intentOf());

function strip(text: string, target: StripTarget = TARGET) {
  const { files, ...rest } = stripMirror({ [KEY]: text }, target);
  return { text: files[KEY] ?? text, ...rest };
}

/** Replaces the first place; the test is wrong when there is none. */
function replaced(text: string, from: string, to: string): string {
  expect(text).toContain(from);
  return text.replace(from, () => to);
}

describe('a text that is as we wrote it', () => {
  test.each(fixtureNames('good'))('%s loses the mirror, and nothing else', (name) => {
    const text = fixture(`good/${name}`);
    for (const changes of [{}, { methods: ['*'] }] satisfies Partial<MirrorIntent>[]) {
      const result = strip(patchedText(KEY, text, intentOf(changes)));
      expect(result).toMatchObject({ copying: [], left: [] });
      expect(parse(result.text)).toEqual(parse(text));
      expect(result.text).toBe(text);
    }
  });

  test('is the original, byte for byte, in block style; also with Windows line endings', () => {
    expect(strip(everyMethod).text).toBe(original);
    expect(strip(narrowed).text).toBe(original);
    const windows = original.replaceAll('\n', '\r\n');
    expect(strip(patchedText(KEY, windows, intentOf())).text).toBe(windows);
  });

  test('watched files lose it too, with the cluster in the other file and the version that we wrote', () => {
    const routes = { key: 'rds.yaml', text: fixture('watched/rds.yaml') };
    const clusters = { key: 'cds.yaml', text: fixture('watched/cds.yaml') };
    const mirror = patched({ routes, clusters }, intentOf({ reload: 'watch', methods: ['*'] }));
    const result = stripMirror(mirror.files, TARGET);
    expect(result).toEqual({
      files: { 'rds.yaml': routes.text, 'cds.yaml': mirror.files['cds.yaml'] && expect.any(String) },
      copying: [],
      left: [],
    });
    expect(parse(result.files['cds.yaml'] ?? '').resources).toEqual(parse(clusters.text).resources);
  });
});

describe('a policy', () => {
  test.each([
    ['of another share', 'numerator: 25', 'numerator: 50'],
    [
      'under a runtime key',
      'runtime_fraction:',
      'runtime_fraction:\n            runtime_key: share'.replace('            ', '                      '),
    ],
    ['with another spelling', 'request_mirror_policies', 'requestMirrorPolicies'],
    ['with the header in capitals', 'key: x-mirror', 'key: X-Mirror'],
    ['to another cluster', '- cluster: bookservicemirror', '- cluster: bookservice'],
    ['beside a comment', 'denominator: HUNDRED', 'denominator: HUNDRED # percent'],
  ])('%s is ours by its mark', (_name, from, to) => {
    const result = strip(replaced(everyMethod, from, to));
    expect(result.copying).toEqual([]);
    expect(result.text).toBe(original);
  });

  test('is ours without its mark when it has our form, and only when the cluster is known', () => {
    const unmarked = everyMethod.replace(
      / +request_headers_mutations:\n(?: +- append:\n)(?: +(?:header|key|value|append_action):.*\n?)+/g,
      '',
    );
    expect(unmarked).not.toContain('x-mirror');
    expect(strip(unmarked).text).toBe(original);
    expect(strip(unmarked, { mark: MARK }).text).toBe(unmarked);
  });

  test.each([
    ['without the mark in another form', /request_headers_mutations/g, 'response_headers'],
    ['with the mark of another experiment', /value: experiment/g, 'value: another'],
  ])('%s is told and left', (_name, from, to) => {
    const changed = everyMethod.replace(from, to);
    const result = strip(changed);
    expect(result.text).toBe(changed);
    const line = changed.split('\n').findIndex((each) => each.includes('- cluster: bookservicemirror')) + 1;
    expect(result.copying[0]).toMatchObject({ key: KEY, first: line, what: 'a mirror policy to "bookservicemirror"' });
    expect(result.copying).toHaveLength(2);
    // What copies goes to it still.
    expect(result.left).toMatchObject([{ what: 'the cluster "bookservicemirror"' }]);
  });

  test('that others have added beside ours stays', () => {
    const policy = 'request_mirror_policies:\n';
    const indent = ' '.repeat(18);
    const both = replaced(everyMethod, policy, `${policy}${indent}- cluster: theirs # keep\n`);
    expect(strip(both).text).toBe(
      replaced(
        original,
        'cluster: bookservice\n',
        `cluster: bookservice\n${indent}${policy}${indent}- cluster: theirs # keep\n`,
      ),
    );
  });

  test('that others have moved to a virtual host, or copied, goes', () => {
    const policy =
      '{cluster: bookservicemirror, request_headers_mutations: [{append: {header: {key: x-mirror, value: experiment}}}]}';
    const host = '            - name: services\n';
    const level = (t: string, list: string): string =>
      replaced(t, host, `${host}              request_mirror_policies: ${list}\n`);
    expect(strip(level(everyMethod, `[${policy}]`)).text).toBe(original);
    expect(strip(level(everyMethod, policy)).text).toBe(original);
    expect(strip(level(everyMethod, `[${policy}, {cluster: theirs}, ${policy}]`)).text).toBe(
      level(original, '[{cluster: theirs}]'),
    );
  });

  test('goes also where templates, anchors and repeated keys have come in', () => {
    const route = '  - name: bookservice\n';
    for (const more of [
      '    # {{ .Values.note }}\n',
      '    metadata: &m {filter_metadata: {a: {b: 1}}}\n',
      '    type: STATIC\n',
    ]) {
      const change = (t: string): string => replaced(t, route, `${route}${more}`);
      expect(strip(change(everyMethod)).text).toBe(change(original));
    }
  });
});

describe('a copied route', () => {
  test.each([
    ['that others have changed', 'num_retries: 2', 'num_retries: 3'],
    ['that others have written a comment into', 'retry_on: 5xx', 'retry_on: 5xx # ours'],
  ])('%s stays without its policy, and is told', (_name, from, to) => {
    const result = strip(replaced(narrowed, from, to));
    expect(result.text).not.toContain('request_mirror_policies');
    expect(result.text).toContain(to);
    expect(result.copying).toEqual([]);
    const line = result.text.split('\n').indexOf('              - match:') + 1;
    expect(result.left).toMatchObject([
      { key: KEY, first: line, what: 'a route that may be the operator’s copy of the one below it' },
    ]);
  });

  test('whose original others have changed in the same way goes', () => {
    const change = (t: string): string => t.replaceAll('num_retries: 2', 'num_retries: 3');
    expect(strip(change(narrowed)).text).toBe(change(original));
  });
});

describe('the mirror cluster', () => {
  test('that others have changed stays, and is told when we are known to have added it', () => {
    const changed = replaced(everyMethod, 'max_stream_duration: 10s', 'max_stream_duration: 60m');
    expect(strip(changed)).toMatchObject({ copying: [], left: [] });
    expect(strip(changed, { ...TARGET, clusterAdded: true }).left).toMatchObject([
      { what: 'the cluster "bookservicemirror"' },
    ]);
    expect(parse(strip(changed).text).static_resources.clusters).toHaveLength(2);
  });

  test('that was there before stays', () => {
    expect(strip(everyMethod, { ...TARGET, clusterAdded: false })).toMatchObject({ copying: [], left: [] });
    expect(strip(everyMethod, { ...TARGET, clusterAdded: false }).text).toContain('- name: bookservicemirror');
  });

  test('stays when anything names it, in any of the files, or one of them cannot be read', () => {
    for (const other of ['use: [bookservicemirror]', 'broken: [']) {
      const result = stripMirror({ [KEY]: everyMethod, other }, TARGET);
      expect(result.files[KEY]).toContain('- name: bookservicemirror');
      expect(result.files[KEY]).not.toContain('request_mirror_policies');
    }
  });
});

describe('what is not ours', () => {
  test.each(fixtureNames('bad'))('%s stays as it is', (name) => {
    const text = fixture(`bad/${name}`);
    expect(stripMirror({ [KEY]: text }, { mark: MARK })).toEqual({ files: {}, copying: [], left: [] });
    expect(stripMirror({ [KEY]: text }, TARGET).files).toEqual({});
  });
});

test('of a text that cannot be read, the lines to take out are named', () => {
  const broken = `${everyMethod}\n  broken: [`;
  const result = strip(broken);
  const lines = broken
    .split('\n')
    .flatMap((line, index) => (line.includes('request_mirror_policies') ? [index + 1] : []));
  expect(result.text).toBe(broken);
  expect(result.copying.map(({ first, last }) => [first, last])).toEqual(lines.map((line) => [line, line]));
  expect(result.copying[0]?.what).toMatch(/^mirror policies; the file cannot be read \(line \d+: /);
});
