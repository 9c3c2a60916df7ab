import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { addMirror } from '../../../../src/core/mirror/envoy/addMirror.ts';
import { fixture, intentOf } from './support.ts';

const nasty = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.string({ unit: 'binary-ascii', maxLength: 20 }),
  fc.constantFrom(
    'a\n  evil: true',
    'true',
    'No',
    'null',
    '12',
    '"',
    "'",
    '"}], evil: [{x: "',
    ': ',
    ' #',
    '\u2028',
    '\u0085',
    '\ufeff',
    '\ud800',
    '~',
    '0x1F',
    '1_000',
    '.inf',
    '!!str x',
    '&a',
    '*a',
    '%YAML',
    '@at',
    '`',
    '\\u0041',
    '\u00a0',
    '\u007f',
  ),
);

// Mostly one at a time: the others' refusals would hide it.
const fields = fc.constantFrom('name', 'header', 'value', 'host', 'all');

test.each(['good/unindented-lists.yaml', 'good/flow-style.yaml', 'good/flow-clusters.yaml', 'good/minified.json'])(
  'names and marks reach %s as they are, or are refused',
  (name) => {
    let written = 0;
    fc.assert(
      fc.property(nasty, nasty, nasty, nasty, fields, (mirrorCluster, header, value, host, nastyField) => {
        const only = (field: string, text: string, otherwise: string) => {
          return nastyField === field || nastyField === 'all' ? text : otherwise;
        };
        const intent = intentOf({
          methods: ['*'],
          mirrorCluster: only('name', mirrorCluster, 'mirror'),
          mark: { header: only('header', header, 'x-mirror'), value: only('value', value, 'on') },
          mirrorAddress: { host: only('host', host, 'books'), port: 80 },
        });
        const result = addMirror({ routes: { key: 'x', text: fixture(name) } }, intent);
        if (result.kind === 'refused') {
          expect(result.reason).toBe('InvalidIntent');
          return;
        }
        written++;
        const text = result.files.x ?? '';
        const found = { policies: new Set<string>(), clusters: new Set<string>() };
        collect(parse(text), found);
        const policy = {
          cluster: intent.mirrorCluster,
          runtime_fraction: { default_value: { numerator: 25, denominator: 'HUNDRED' } },
          disable_shadow_host_suffix_append: true,
          request_headers_mutations: [
            {
              append: {
                header: { key: intent.mark.header, value: intent.mark.value.replaceAll('%', '%%') },
                append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
              },
            },
          ],
        };
        expect(found.policies).toEqual(new Set([JSON.stringify([policy])]));
        expect(found.clusters).toContain(`${intent.mirrorCluster} at ${intent.mirrorAddress.host}`);
      }),
      { numRuns: 300 },
    );
    expect(written).toBeGreaterThan(10);
  },
);

function collect(data: unknown, found: { policies: Set<string>; clusters: Set<string> }): void {
  if (typeof data !== 'object' || data === null) return;
  const map: Record<string, unknown> = { ...data };
  if (map.request_mirror_policies !== undefined) found.policies.add(JSON.stringify(map.request_mirror_policies));
  if (map.load_assignment !== undefined) {
    const address = /"address":"((?:[^"\\]|\\.)*)"/.exec(JSON.stringify(map))?.[1];
    found.clusters.add(`${String(map.name)} at ${address}`);
  }
  for (const value of Object.values(map)) collect(value, found);
}
