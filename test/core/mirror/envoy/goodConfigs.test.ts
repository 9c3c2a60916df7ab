import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { removeMirror } from '../../../../src/core/mirror/envoy/removeMirror.ts';
import { fixture, fixtureNames, intentOf, patched, patchedText } from './support.ts';

// Each file of test/fixtures/envoy/good, and what is mirrored of it when reads are.
const GOOD: Record<string, string[]> = {
  'block-scalars.yaml': ['lua / v / prefix /lua', 'lua / v / prefix /'],
  'camel-case.yaml': ['camel / camel / prefix /books', 'camel / camel / prefix /'],
  'flow-clusters.yaml': ['main / v / prefix /'],
  'flow-style.yaml': ['(line 3) / all / prefix /a', '(line 3) / all / path /b'],
  'front-proxy.yaml': ['(line 6) / backend / prefix /books'],
  'lab-sidecar.yaml': ['listener_0 / backend / prefix /api'],
  'lone-maps.yaml': ['lone / lone / prefix /'],
  'method-routes.yaml': [
    'methods / v / only-get',
    'methods / v / get-or-head',
    'methods / v / get-or-post',
    'methods / v / not-delete',
  ],
  'minified.json': [
    'listener_json / local_service / path /café "x"',
    'listener_json / local_service / regex /books/[0-9]+',
  ],
  'other-policies.yaml': ['policies / v / prefix /block', 'policies / v / prefix /flow'],
  'pretty.json': ['listener_json / local_service / regex /books/[0-9]+'],
  'scoped-routes.yaml': ['scoped / a / prefix /'],
  'tabs.json': ['tabs / local_service / regex /books/[0-9]+'],
  'tls-http2.yaml': ['grpc / grpc / prefix /books.Reviews/'],
  'two-listeners.yaml': [
    'public / shop / prefix /books',
    'public / shop / prefix /authors',
    'public / fallback / prefix /',
    'internal / internal / internal-books',
  ],
  'unindented-lists.yaml': ['ingress / services / reviews', 'ingress / services / prefix /'],
  'wide-indent.yaml': ['wide / wide / prefix /'],
};

test('every good fixture is in the table', () => {
  expect(Object.keys(GOOD).sort()).toEqual(fixtureNames('good'));
});

describe.each(Object.entries(GOOD))('%s', (name, routes) => {
  const variants: [string, string][] = [
    ['as it is', fixture(`good/${name}`)],
    ['with CRLF', fixture(`good/${name}`).replaceAll('\n', '\r\n')],
    ['without a final line break', fixture(`good/${name}`).trimEnd()],
    ['with a byte order mark', `\ufeff${fixture(`good/${name}`)}`],
  ];

  test.each(variants)('%s', (_variant, text) => {
    for (const methods of [['GET', 'HEAD', 'OPTIONS'], ['GET'], ['*']]) {
      const result = patched({ routes: { key: name, text } }, intentOf({ methods }));
      if (methods.length === 3) {
        expect(
          result.routes.map(({ listener, virtualHost, route }) => `${listener} / ${virtualHost} / ${route}`),
        ).toEqual(routes);
      }
      expect(result.clusterAdded).toBe(name !== 'lab-sidecar.yaml');
      expect(removeMirror(result.files, result.edits)).toEqual({ kind: 'restored', files: { [name]: text } });
    }
  });
});

describe('what is written', () => {
  test('in block style, as the file is indented', () => {
    expect(diff('lab-sidecar.yaml', ['*'])).toBe(
      `                            cluster: bookservice    # ClusterIP service in this namespace
+                            request_mirror_policies:
+                              - cluster: bookservicemirror
+                                runtime_fraction:
+                                  default_value:
+                                    numerator: 25
+                                    denominator: HUNDRED
+                                disable_shadow_host_suffix_append: true
+                                request_headers_mutations:
+                                  - append:
+                                      header:
+                                        key: x-mirror
+                                        value: experiment
+                                      append_action: OVERWRITE_IF_EXISTS_OR_ADD
                            timeout: 15s`,
    );
  });

  test('as a copy of the route when methods are limited', () => {
    const text = patchedText('x', fixture('good/method-routes.yaml'), intentOf({ methods: ['GET', 'HEAD'] }));
    const routes = routesOf(text).map(({ name, match, route }) => {
      const methods = match.headers?.map((header) => JSON.stringify(header.string_match ?? 'present'));
      return [name, methods?.join(' & '), route.request_mirror_policies === undefined ? 'live only' : 'mirrored'];
    });
    const wanted = '{"safe_regex":{"regex":"GET|HEAD"}}';
    expect(routes).toEqual([
      ['only-get', '{"exact":"GET"}', 'mirrored'],
      ['only-post', '{"exact":"POST"}', 'live only'],
      ['get-or-head', '{"safe_regex":{"regex":"^(GET|HEAD)$"}}', 'mirrored'],
      ['get-or-post', `{"safe_regex":{"regex":"GET|POST"}} & "present" & ${wanted}`, 'mirrored'],
      ['get-or-post', '{"safe_regex":{"regex":"GET|POST"}} & "present"', 'live only'],
      ['not-delete', `{"exact":"DELETE"} & ${wanted}`, 'mirrored'],
      ['not-delete', '{"exact":"DELETE"}', 'live only'],
    ]);
  });

  test('behind policies that are there already', () => {
    const text = patchedText('x', fixture('good/other-policies.yaml'), intentOf({ methods: ['*'] }));
    const clusters = routesOf(text).map(({ route }) => {
      return route.request_mirror_policies?.map(({ cluster }) => cluster);
    });
    expect(clusters).toEqual([
      ['audit', 'archive', 'bookservicemirror'],
      ['audit', 'archive', 'bookservicemirror'],
      undefined,
    ]);
  });

  test('with the protocol and the address family of the live cluster', () => {
    for (const name of ['tls-http2.yaml', 'camel-case.yaml']) {
      expect(mirrorClusterOf(name).typed_extension_protocol_options).toMatchObject({
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
          explicit_http_config: { http2_protocol_options: {} },
        },
      });
    }
    expect(mirrorClusterOf('camel-case.yaml').dns_lookup_family).toBe('V4_PREFERRED');
    expect(mirrorClusterOf('unindented-lists.yaml').dns_lookup_family).toBe('V4_ONLY');
  });

  test('with a warning where the live cluster has TLS', () => {
    const result = patched({ routes: { key: 'x', text: fixture('good/tls-http2.yaml') } }, intentOf());
    expect(result.warnings).toEqual([
      'x, line 23: the cluster "bookservice" has a transport socket (such as TLS); "bookservicemirror" is added without ' +
        'one. If the mirror needs it, add the cluster "bookservicemirror" to the config yourself',
    ]);
  });

  test('"%" in the mark is not the start of a format command', () => {
    const text = patchedText(
      'x',
      fixture('good/wide-indent.yaml'),
      intentOf({ methods: ['*'], mark: { header: 'x-mirror', value: '100% "it\'s": #1' } }),
    );
    const policy = routesOf(text)[0]?.route.request_mirror_policies?.[0];
    expect(policy?.request_headers_mutations[0]?.append.header).toEqual({
      key: 'x-mirror',
      value: '100%% "it\'s": #1',
    });
  });
});

/** The lines that an edit adds, marked, with the line in front and the line behind. */
function diff(name: string, methods: string[]): string {
  const before = fixture(`good/${name}`).split('\n');
  const after = patchedText('x', fixture(`good/${name}`), intentOf({ methods })).split('\n');
  const start = after.findIndex((line, index) => line !== before[index]);
  const added = after.length - before.length;
  return [after[start - 1], ...after.slice(start, start + added).map((line) => `+${line}`), after[start + added]].join(
    '\n',
  );
}

interface Policy {
  cluster: string;
  request_headers_mutations: { append: { header: { key: string; value: string } } }[];
}

interface RouteData {
  name?: string;
  match: { headers?: { string_match?: object }[] };
  route: { request_mirror_policies?: Policy[] };
}

interface ClusterData {
  name: string;
  dns_lookup_family?: string;
  typed_extension_protocol_options: object;
}

/** Routes of the first virtual host, in snake_case files of ours. */
function routesOf(text: string): RouteData[] {
  const [listener] = parse(text).static_resources.listeners;
  return listener.filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0].routes;
}

function mirrorClusterOf(name: string): ClusterData {
  const data = parse(patchedText('x', fixture(`good/${name}`), intentOf()));
  const clusters: ClusterData[] = (data.static_resources ?? data.staticResources).clusters;
  const found = clusters.find((cluster) => cluster.name === 'bookservicemirror');
  if (found === undefined) throw new Error('no mirror cluster');
  return found;
}
