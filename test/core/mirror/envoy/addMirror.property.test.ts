import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { addMirror } from '../../../../src/core/mirror/envoy/addMirror.ts';
import { removeMirror } from '../../../../src/core/mirror/envoy/removeMirror.ts';
import type { Edit, MirrorIntent } from '../../../../src/core/mirror/envoy/types.ts';
import { draws } from './draw.ts';
import { type Data, type GeneratedConfig, generateConfig } from './generateConfig.ts';
import { intentOf, patched } from './support.ts';
import { writeConfig } from './writeConfig.ts';

const KEY = 'envoy.yaml';
const RUNS = Number(process.env.PROPERTY_RUNS ?? 400);

const intents = fc.record({
  percent: fc.integer({ min: 1, max: 100 }),
  methods: fc.constantFrom(['*'], ['GET'], ['GET', 'HEAD', 'OPTIONS']),
});

describe('generated configs', { timeout: 60_000 + RUNS * 100 }, () => {
  test('the generator writes what it means', () => {
    fc.assert(
      fc.property(draws, ({ draw }) => {
        const { data } = generateConfig(draw);
        expect(parse(writeConfig(draw, data))).toEqual(data);
      }),
      { numRuns: RUNS },
    );
  });

  test('the mirror is added as meant, and nothing else changes; without it the bytes are the old ones', () => {
    let patchedConfigs = 0;
    fc.assert(
      fc.property(draws, intents, ({ draw }, choice) => {
        const config = generateConfig(draw);
        const text = writeConfig(draw, config.data);
        const intent = intentOf({ ...choice, liveCluster: config.liveCluster });
        const result = addMirror({ routes: { key: KEY, text } }, intent);
        const routes = mirroredRoutes(config, intent);
        if (routes.length === 0) {
          expect(result).toMatchObject({ kind: 'refused', reason: 'RouteNotFound' });
          return;
        }
        if (result.kind !== 'patched') throw new Error(`${result.reason}: ${result.message}`);
        patchedConfigs++;
        const after = result.files[KEY] ?? '';
        expect(parse(after)).toEqual(expectedData(config, intent));
        if (isJson(text)) expect(isJson(after)).toBe(true);
        expect(result.routes).toHaveLength(routes.length);
        expect(outside(after, result.edits[0]?.edits ?? [])).toBe(text);
        expect(removeMirror(result.files, result.edits)).toEqual({ kind: 'restored', files: { [KEY]: text } });
        expect(addMirror({ routes: { key: KEY, text: after } }, intent)).toMatchObject({
          kind: 'refused',
          reason: 'MirrorPolicyPresent',
        });
      }),
      { numRuns: RUNS },
    );
    expect(patchedConfigs).toBeGreaterThan(RUNS / 2);
  });

  test('new lines have the line ending of the file', () => {
    fc.assert(
      fc.property(draws, ({ draw }) => {
        const config = generateConfig(draw);
        const text = writeConfig(draw, config.data);
        const intent = intentOf({ liveCluster: config.liveCluster, methods: ['*'] });
        fc.pre(config.live.length > 0);
        const after = patched({ routes: { key: KEY, text } }, intent).files[KEY] ?? '';
        if (text.includes('\r\n')) expect(after).not.toMatch(/[^\r]\n/);
        else expect(after).not.toContain('\r');
      }),
      { numRuns: 100 },
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The routes that get a policy, from the generator's knowledge. */
function mirroredRoutes({ live }: GeneratedConfig, intent: MirrorIntent): GeneratedConfig['live'] {
  return live.filter(({ method }) => {
    return method === undefined || intent.methods.includes('*') || intent.methods.includes(method);
  });
}

/** The data that the edited config must have, made without the editor. */
function expectedData(config: GeneratedConfig, intent: MirrorIntent): unknown {
  const data: unknown = structuredClone(config.data);
  const regex = intent.methods.join('|');
  const matcher = {
    name: ':method',
    string_match: intent.methods.length === 1 ? { exact: regex } : { safe_regex: { regex } },
  };
  for (const { path, method } of mirroredRoutes(config, intent).toReversed()) {
    const list = at(data, path.slice(0, -1));
    const index = Number(path.at(-1));
    const route = at(data, path);
    if (!Array.isArray(list)) throw new Error('the generator lost a route');
    const limited = !intent.methods.includes('*') && method === undefined;
    const target: unknown = limited ? structuredClone(route) : route;
    if (limited) {
      list.splice(index, 0, target);
      push(at(target, ['match']), 'headers', matcher);
    }
    push(at(target, ['route']), 'request_mirror_policies', {
      cluster: 'bookservicemirror',
      runtime_fraction: { default_value: { numerator: intent.percent, denominator: 'HUNDRED' } },
      disable_shadow_host_suffix_append: true,
      request_headers_mutations: [
        {
          append: {
            header: { key: 'x-mirror', value: 'experiment' },
            append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
          },
        },
      ],
    });
  }
  push(at(data, ['static_resources']), 'clusters', {
    name: 'bookservicemirror',
    type: 'STRICT_DNS',
    connect_timeout: '1s',
    lb_policy: 'ROUND_ROBIN',
    load_assignment: {
      cluster_name: 'bookservicemirror',
      endpoints: [
        {
          lb_endpoints: [
            { endpoint: { address: { socket_address: { address: 'bookservicemirror', port_value: 80 } } } },
          ],
        },
      ],
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        common_http_protocol_options: { max_stream_duration: '10s' },
        explicit_http_config: { http_protocol_options: {} },
      },
    },
    circuit_breakers: {
      thresholds: [{ max_connections: 4096, max_pending_requests: 4096, max_requests: 4096 }],
    },
  });
  return data;
}

function at(data: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((value, step) => Object(value)[step], data);
}

function push(map: unknown, key: string, value: Data): void {
  const target: Record<string, unknown> = Object(map);
  const list = target[key];
  target[key] = Array.isArray(list) ? [...list, value] : [value];
}

/** What is left of a text when the inserted pieces are cut out, by their offsets alone. */
function outside(text: string, edits: readonly Edit[]): string {
  let left = '';
  let end = 0;
  for (const { offset, removed, inserted } of edits) {
    expect(text.slice(offset, offset + inserted.length)).toBe(inserted);
    left += text.slice(end, offset) + removed;
    end = offset + inserted.length;
  }
  return left + text.slice(end);
}
