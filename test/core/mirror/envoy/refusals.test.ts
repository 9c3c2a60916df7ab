import { describe, expect, test } from 'vitest';
import { addMirror } from '../../../../src/core/mirror/envoy/addMirror.ts';
import type { EnvoyRefusal, MirrorIntent } from '../../../../src/core/mirror/envoy/types.ts';
import { fixture, fixtureNames, intentOf } from './support.ts';

const NOT_ENVOY =
  'is not an Envoy config: a bootstrap has "static_resources" or "dynamic_resources", a discovery file has "resources" ' +
  'whose elements have an "@type". Name the ConfigMap key that Envoy reads.';
const TEMPLATE =
  'is a template marker, so Envoy reads another text than this one. Name the ConfigMap key that holds the rendered config.';
const ALIAS =
  'shares one text between several places, so that an edit of one would change the others. Write the values out.';
const OLD = "belongs to Envoy's v1 or v2 API;";
const MIGRATE = 'Migrate the config to the v3 API.';
const ROUTE = 'listener "ingress", virtual host "shop", route "prefix /"';
const SWITCHED_OFF =
  'which a policy of the route would switch off. Move that policy into the route, where another can stand beside it, or ' +
  'remove it.';

// Each file of test/fixtures/envoy/bad, and what people are told.
const BAD: Record<string, [EnvoyRefusal, string]> = {
  'aliases.yaml': ['ConfigAliases', `line 4: the anchor &books ${ALIAS}`],
  'cluster-header.yaml': [
    'ClusterHeaderRoute',
    'line 13: route "by-header" of virtual host "shop" takes its cluster from a request header, so it cannot be told ' +
      'which requests go to "bookservice". Add a route with "cluster: bookservice".',
  ],
  'docker-compose.yaml': ['NotEnvoyConfig', NOT_ENVOY],
  'duplicate-keys.yaml': [
    'DuplicateKeys',
    'line 4: a key is there twice in one map, and it is not defined which one counts. Remove one of them.',
  ],
  'duplicate-spellings.yaml': [
    'DuplicateKeys',
    'line 5: "filterChains" is the same field as "filter_chains" on line 4. Remove one of them.',
  ],
  'lone-policy.yaml': [
    'ConfigFormUnsupported',
    `line 13: ${ROUTE} has a "request_mirror_policies" that is not written as a list. Write it as a list, or remove it when it is empty.`,
  ],
  'lone-route.yaml': [
    'ConfigFormUnsupported',
    'line 13: "static_resources.listeners.0.filter_chains.0.filters.0.typed_config.route_config.virtual_hosts.0.routes" ' +
      'stands where Envoy has a list, and is none, so it cannot be edited without rewriting it. Write it as Envoy ' +
      'documents it: lists with "- ", one field a line.',
  ],
  'merge-key.yaml': ['ConfigAliases', `line 4: the merge key << ${ALIAS}`],
  'no-clusters.yaml': [
    'MirrorClusterUnknown',
    'has no list of clusters, so the cluster "bookservicemirror" can neither be found nor added. Name the ConfigMap key ' +
      'that holds the clusters (static_resources.clusters, or a CDS file).',
  ],
  'no-type.yaml': ['NotEnvoyConfig', NOT_ENVOY],
  'not-parsable.yaml': ['ConfigNotParsable', 'line 4: Sequence item without - indicator. Correct the config first.'],
  'only-post.yaml': [
    'RouteNotFound',
    'the routes to "bookservice" (line 13) take none of the methods GET, HEAD, OPTIONS. Name a method that they take.',
  ],
  'other-cluster.yaml': [
    'RouteNotFound',
    'has no route to the cluster "bookservice". Its routes go to "ratings". Name one of these as the live cluster.',
  ],
  'policy-of-config.yaml': [
    'MirrorPolicyInherited',
    `line 14: ${ROUTE}: its route configuration has a mirror policy on line 10, ${SWITCHED_OFF}`,
  ],
  'policy-of-host.yaml': [
    'MirrorPolicyInherited',
    `line 14: ${ROUTE}: its virtual host has a mirror policy on line 12, ${SWITCHED_OFF}`,
  ],
  'policy-present.yaml': [
    'MirrorPolicyPresent',
    `line 13: ${ROUTE}: its action has a mirror policy to "bookservicemirror" on line 17 already. Remove that policy: ` +
      'the operator adds one for the experiment and takes it out again.',
  ],
  'tabs.yaml': ['ConfigNotParsable', 'line 2: Tabs are not allowed as indentation. Correct the config first.'],
  'tcp-only.yaml': [
    'RouteNotFound',
    'has no route to the cluster "bookservice". It has no HTTP routes at all; only HTTP requests can be mirrored.',
  ],
  'templated-erb.yaml': ['ConfigTemplated', `line 3: "<%" ${TEMPLATE}`],
  'templated-helm.yaml': ['ConfigTemplated', `line 4: "{{" ${TEMPLATE}`],
  'templated-shell.yaml': ['ConfigTemplated', `line 5: "\${" ${TEMPLATE}`],
  'text.yaml': ['NotEnvoyConfig', NOT_ENVOY],
  'two-documents.yaml': [
    'MultiDocument',
    'line 2: a second YAML document begins, and Envoy reads only the first. Remove the others.',
  ],
  'v1.json': ['ConfigV2Api', `line 4: "cluster_manager" ${OLD} v3 has "static_resources". ${MIGRATE}`],
  'v2-filter.yaml': [
    'ConfigV2Api',
    `line 6: a filter with "config" ${OLD} v3 has "typed_config" with an @type. ${MIGRATE}`,
  ],
  'v2-hosts.yaml': ['ConfigV2Api', `line 5: a cluster with "hosts" ${OLD} v3 has "load_assignment". ${MIGRATE}`],
  'v2-type.yaml': [
    'ConfigV2Api',
    `line 2: the type type.googleapis.com/envoy.api.v2.RouteConfiguration ${OLD} v3 types are named envoy.….v3.…. ${MIGRATE}`,
  ],
  'weighted.yaml': [
    'WeightedClusters',
    `line 13: ${ROUTE} shares its requests between weighted clusters, "bookservice" among them. A mirror policy would ` +
      'copy the requests of all of them. Route to "bookservice" alone for the experiment.',
  ],
  'xds-only.yaml': [
    'RouteNotFound',
    'has no route to the cluster "bookservice". Its listeners come from elsewhere (lds_config). Name the ConfigMap key ' +
      'that holds the routes.',
  ],
};

describe('configs that are left alone', () => {
  test('every bad fixture is in the table', () => {
    expect(Object.keys(BAD).sort()).toEqual(fixtureNames('bad'));
  });

  test.each(Object.entries(BAD))('%s', (name, [reason, message]) => {
    const result = addMirror({ routes: { key: name, text: fixture(`bad/${name}`) } }, intentOf());
    if (result.kind !== 'refused') throw new Error('it was edited');
    expect(result.reason).toBe(reason);
    // "file, line 3: …", "file: …" or "file has …".
    expect(result.message.startsWith(name)).toBe(true);
    expect(result.message.slice(name.length).replace(/^(, |: | )/, '')).toBe(message);
  });

  test('an empty text', () => {
    expect(addMirror({ routes: { key: 'envoy.yaml', text: '' } }, intentOf())).toMatchObject({
      reason: 'NotEnvoyConfig',
    });
  });

  test('a text that is nested too deeply to parse', () => {
    const text = `static_resources: ${'['.repeat(100_000)}`;
    expect(addMirror({ routes: { key: 'envoy.yaml', text } }, intentOf())).toMatchObject({
      reason: 'ConfigNotParsable',
    });
  });
});

describe('intents that cannot be written', () => {
  const cases: [string, Partial<MirrorIntent>, string][] = [
    ['empty name', { mirrorCluster: '' }, "the mirror cluster's name is empty"],
    ['line break in a name', { mirrorCluster: 'a\nb' }, `the mirror cluster's name "a\\nb" has control characters`],
    [
      'same names',
      { mirrorCluster: 'bookservice' },
      'the live and the mirror cluster have the same name "bookservice"',
    ],
    ['no requests', { percent: 0 }, 'percent is 0; it must be an integer from 1 to 100'],
    ['part of a percent', { percent: 0.5 }, 'percent is 0.5; it must be an integer from 1 to 100'],
    ['no methods', { methods: [] }, 'methods is empty, so nothing would be copied; use ["*"] for every method'],
    ['all and one', { methods: ['*', 'GET'] }, 'methods has "*" beside others; use ["*"] alone for every method'],
    ['a pattern', { methods: ['GET|POST'] }, '"GET|POST" is not a request method; write it in capitals, such as GET'],
    [
      'a host with a path',
      { mirrorAddress: { host: 'books/x', port: 80 } },
      `the mirror's host "books/x" is neither a host name nor an IP address`,
    ],
    [
      'no port',
      { mirrorAddress: { host: 'books', port: 0 } },
      "the mirror's port is 0; it must be an integer from 1 to 65535",
    ],
    ['a header of two', { mark: { header: 'x: y', value: '1' } }, '"x: y" cannot be the name of a request header'],
    [
      'a value of two lines',
      { mark: { header: 'x', value: '1\r\ny: 2' } },
      `"1\\r\\ny: 2" cannot be a header's value: use printable ASCII characters`,
    ],
    [
      'no duration',
      { maxStreamDurationSeconds: 0 },
      'maxStreamDurationSeconds is 0; it must be an integer of at least 1',
    ],
    ['no copies', { maxRequests: 0 }, 'maxRequests is 0; it must be an integer of at least 1'],
  ];

  test.each(cases)('%s', (_name, changes, message) => {
    const text = fixture('good/unindented-lists.yaml');
    const result = addMirror({ routes: { key: 'envoy.yaml', text } }, intentOf(changes));
    expect(result).toEqual({ kind: 'refused', reason: 'InvalidIntent', message });
  });
});
