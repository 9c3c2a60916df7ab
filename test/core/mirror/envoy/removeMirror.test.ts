import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { removeMirror } from '../../../../src/core/mirror/envoy/removeMirror.ts';
import type { FileEdits } from '../../../../src/core/mirror/envoy/types.ts';
import { draws } from './draw.ts';
import { generateConfig } from './generateConfig.ts';
import { fixture, intentOf, patched } from './support.ts';
import { writeConfig } from './writeConfig.ts';

const KEY = 'envoy.yaml';
const original = fixture('good/unindented-lists.yaml');
const { text, edits } = added(original);

function added(config: string, changes = {}): { text: string; edits: FileEdits[] } {
  const result = patched({ routes: { key: KEY, text: config } }, intentOf(changes));
  // The journal is kept as JSON.
  const journal: FileEdits[] = JSON.parse(JSON.stringify(result.edits));
  return { text: result.files[KEY] ?? '', edits: journal };
}

function removed(current: string, journal: FileEdits[] = edits): string {
  const result = removeMirror({ [KEY]: current }, journal);
  if (result.kind === 'conflict') throw new Error(result.message);
  return result.files[KEY] ?? '';
}

function conflict(current: string, journal: FileEdits[] = edits): string {
  const result = removeMirror({ [KEY]: current }, journal);
  if (result.kind === 'restored') throw new Error('it was restored');
  return result.message;
}

/** Replaces exactly one place; the test is wrong when there is none. */
function replaced(config: string, from: string, to: string): string {
  expect(config).toContain(from);
  return config.replace(from, () => to);
}

/** Replaces the last place: a route stands behind its copy. */
function lastReplaced(config: string, from: string, to: string): string {
  const at = config.lastIndexOf(from);
  expect(at).toBeGreaterThan(0);
  return config.slice(0, at) + to + config.slice(at + from.length);
}

describe('a text that is as we wrote it', () => {
  test('becomes the original', () => {
    expect(text).not.toBe(original);
    expect(removed(text)).toBe(original);
  });

  test('removing twice changes nothing more', () => {
    expect(removed(removed(text))).toBe(original);
  });

  test('with edits of another text is a conflict', () => {
    const [first] = edits;
    if (first === undefined) throw new Error('no edits');
    expect(conflict(text, [{ ...first, edits: first.edits.slice(1) }])).toContain('do not belong to this text');
  });
});

describe('a text that somebody has changed since', () => {
  test.each([
    ['a comment in front', (t: string) => `# kept by the web team\n${t}`],
    [
      'another setting of the route, behind its copy',
      (t: string) => lastReplaced(t, 'num_retries: 2', 'num_retries: 3'),
    ],
    ['two changes at a distance', (t: string) => `# kept\n${lastReplaced(t, 'num_retries: 2', 'num_retries: 3')}`],
    [
      'a new cluster behind the mirror',
      (t: string) => replaced(t, '# the end', '  - {name: new, type: STATIC}\n# the end'),
    ],
    [
      'a new route',
      (t: string) =>
        replaced(
          t,
          '              - name: reviews\n',
          '              - {match: {path: /x}, redirect: {}}\n              - name: reviews\n',
        ),
    ],
    ['a comment behind our last line', (t: string) => replaced(t, 'port_value: 9080\n', 'port_value: 9080 # http\n')],
  ])('%s: the change stays and the mirror goes', (_name, change) => {
    const mine = removed(change(text));
    expect(mine).not.toContain('bookservicemirror');
    expect(parse(mine)).toEqual(parse(change(original)));
  });

  test('the text was put back: it stays as it is', () => {
    expect(removed(original)).toBe(original);
  });

  test('another version of the config without the mirror was applied: it stays as it is', () => {
    const next = replaced(original, 'path_separated_prefix: /reviews', 'path_separated_prefix: /v2/reviews');
    expect(removed(next)).toBe(next);
  });

  test('one of the mirrored routes was deleted with its policy: the other policy goes', () => {
    const start = text.indexOf('              - name: reviews');
    const end = text.indexOf('              - match:\n                  prefix: /\n');
    const without = text.slice(0, start) + text.slice(end);
    expect(removed(without)).not.toContain('bookservicemirror');
    expect(removed(without)).not.toContain('reviews');
  });

  test('the key was deleted: it stays deleted', () => {
    expect(removeMirror({}, edits)).toEqual({ kind: 'restored', files: {} });
    expect(removeMirror({ [KEY]: undefined }, edits)).toEqual({ kind: 'restored', files: {} });
  });

  test('somebody has changed our policy', () => {
    expect(conflict(replaced(text, 'numerator: 25', 'numerator: 50'))).toBe(
      'envoy.yaml: somebody has changed it, and a mirror policy to the cluster "bookservicemirror" is not as the ' +
        'operator wrote it. Remove it by hand.',
    );
  });

  test('somebody has changed a route and its copy', () => {
    expect(conflict(text.replaceAll('num_retries: 2', 'num_retries: 3'))).toContain('Remove it by hand');
  });

  test('pieces that occur elsewhere as well are told apart by where they stand', () => {
    const flow = replaced(
      fixture('good/lone-maps.yaml'),
      '              - match: {prefix: /}\n                route: {cluster: bookservice}\n',
      '              - match: {prefix: /a}\n                route: {cluster: bookservice, request_mirror_policies: []}\n' +
        '              - match: {prefix: /}\n                route: {cluster: bookservice}\n',
    );
    const mirror = added(flow, { methods: ['*'] });
    expect(removed(`# more\n${mirror.text}`, mirror.edits)).toBe(`# more\n${flow}`);
    expect(removed(`${mirror.text}# more\n`, mirror.edits)).toBe(`${flow}# more\n`);
    // Changed in front of and behind them, they are told apart no longer.
    expect(conflict(`# more\n${mirror.text}# more\n`, mirror.edits)).toContain('copied a part');
  });

  test('a copied route contains the text of a policy that stands elsewhere', () => {
    const config = fixture('good/method-routes.yaml');
    const mirror = added(config);
    const change = (t: string): string => `# more\n${t}# more\n`;
    expect(removed(change(mirror.text), mirror.edits)).toBe(change(config));
  });

  test('somebody has changed our cluster', () => {
    expect(conflict(replaced(text, 'max_stream_duration: 10s', 'max_stream_duration: 99s'))).toBe(
      'envoy.yaml: somebody has changed it, and the cluster "bookservicemirror" is not as the operator wrote it. ' +
        'Remove it by hand.',
    );
  });

  test('somebody has copied a mirrored route', () => {
    const [first] = edits;
    const piece = first?.edits[0]?.inserted ?? '';
    expect(conflict(replaced(text, piece, piece + piece))).toBe(
      'envoy.yaml: somebody has copied a part with the mirror in it. Remove the copy of it.',
    );
  });

  test('somebody has broken the YAML', () => {
    expect(conflict(`${text}\n  broken: [`)).toBe(
      'envoy.yaml: somebody has changed it, and it is not valid YAML any more. Correct it, or restore it by hand.',
    );
  });

  test('somebody has gone on writing where our piece ends', () => {
    // With our piece taken out, what follows would become part of the cluster's name.
    const all = added(original, { methods: ['*'], mark: { header: 'x-mirror', value: 'on' } });
    const piece = 'append_action: OVERWRITE_IF_EXISTS_OR_ADD';
    expect(conflict(replaced(all.text, piece, `${piece}2`), all.edits)).toBe(
      'envoy.yaml: somebody has changed it right beside what the operator wrote. Take the mirror out by hand.',
    );
  });

  test('a second file in conflict leaves the first as it is', () => {
    const [first] = edits;
    if (first === undefined) throw new Error('no edits');
    const both = [first, { ...first, key: 'other.yaml' }];
    const broken = replaced(text, 'numerator: 25', 'numerator: 50');
    expect(removeMirror({ [KEY]: text, 'other.yaml': broken }, both)).toMatchObject({ kind: 'conflict' });
  });
});

test('the version of a watched file is put back beside other changes', () => {
  const routes = { key: 'rds.yaml', text: fixture('watched/rds-versioned.yaml') };
  const clusters = { key: 'cds.yaml', text: fixture('watched/cds.yaml') };
  const result = patched({ routes, clusters }, intentOf({ reload: 'watch' }));
  const change = (config: string): string => replaced(config, 'name: books', 'name: books-and-more');
  const current = { ...result.files, 'rds.yaml': change(result.files['rds.yaml'] ?? '') };
  expect(removeMirror(current, result.edits)).toEqual({
    kind: 'restored',
    files: { 'rds.yaml': change(routes.text), 'cds.yaml': clusters.text },
  });
});

test("generated configs: other people's edits outlive the mirror", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(draws, fc.constantFrom(['*'], ['GET', 'HEAD']), ({ draw }, methods) => {
      const config = generateConfig(draw);
      const written = writeConfig(draw, config.data);
      fc.pre(config.live.some(({ method }) => method !== 'POST'));
      const mirror = added(written, { liveCluster: config.liveCluster, methods });
      const ours = mirror.edits.flatMap((file) => file.edits);
      // Lines behind which somebody can add a comment: outside of our pieces, and not within a flow style line.
      const change = (config_: string): string => {
        const marker = draw.pick('# changed since', '# cluster: bookservicemirror');
        return written.includes('\n') && !written.trimStart().startsWith('{') ? `${marker}\n${config_}` : ` ${config_}`;
      };
      const changed = change(mirror.text);
      const prefix = changed.length - mirror.text.length;
      expect(ours.length).toBeGreaterThan(0);
      expect(removed(changed, mirror.edits)).toBe(changed.slice(0, prefix) + written);
    }),
    { numRuns: 150 },
  );
});
