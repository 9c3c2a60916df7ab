import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { addMirror } from '../../../../src/core/mirror/envoy/addMirror.ts';
import { removeMirror } from '../../../../src/core/mirror/envoy/removeMirror.ts';
import { expectedVersion } from '../../../../src/core/mirror/envoy/version.ts';
import { fixture, intentOf, patched } from './support.ts';

const intent = intentOf({ reload: 'watch', methods: ['*'] });

function files(routes: string, clusters?: string) {
  return {
    routes: { key: routes, text: fixture(`watched/${routes}`) },
    ...(clusters === undefined ? {} : { clusters: { key: clusters, text: fixture(`watched/${clusters}`) } }),
  };
}

describe('files that Envoy watches', () => {
  test.each([
    ['rds.yaml', 'cds.yaml', 'local_route'],
    ['rds-versioned.yaml', 'cds.yaml', 'local_route'],
    ['rds.json', 'cds.yaml', 'local_route'],
    ['lds.yaml', 'cds.yaml', 'watched'],
    ['vhds.yaml', 'cds.yaml', 'vhds.yaml'],
    ['rds.yaml', 'cds-empty.yaml', 'local_route'],
  ])('%s with %s', (routes, clusters, listener) => {
    const input = files(routes, clusters);
    const result = patched(input, intent);
    expect(result.clusterAdded).toBe(true);
    expect(result.routes.map((route) => route.listener)).toEqual([listener]);
    expect(Object.keys(result.files).sort()).toEqual([routes, clusters].sort());
    for (const [key, text] of Object.entries(result.files)) {
      expect(expectedVersion(text), key).toMatch(/^mirror-[0-9a-f]{16}$/);
    }
    expect(removeMirror(result.files, result.edits)).toEqual({
      kind: 'restored',
      files: { [routes]: fixture(`watched/${routes}`), [clusters]: fixture(`watched/${clusters}`) },
    });
  });

  test('an added cluster carries its type', () => {
    const result = patched(files('rds.yaml', 'cds.yaml'), intent);
    expect(parse(result.files['cds.yaml'] ?? '')).toMatchObject({
      resources: [
        { name: 'bookservice' },
        { '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster', name: 'bookservicemirror' },
      ],
    });
  });

  test('the version stands at the top, or where it stood', () => {
    const fresh = patched(files('rds.yaml', 'cds.yaml'), intent).files['rds.yaml'] ?? '';
    expect(fresh.split('\n').slice(0, 3)).toEqual([
      "# read by Envoy through the ConfigMap's mount",
      `version_info: ${expectedVersion(fresh)}`,
      'resources:',
    ]);
    const replaced = patched(files('rds-versioned.yaml', 'cds.yaml'), intent).files['rds-versioned.yaml'] ?? '';
    expect(replaced.split('\n')[0]).toBe(`version_info: "${expectedVersion(replaced)}"   # counted by hand`);
    expect(parse(patched(files('rds.json', 'cds.yaml'), intent).files['rds.json'] ?? '')).toHaveProperty('versionInfo');
  });

  test('the version differs when the content does', () => {
    const versions = [10, 20, 10].map((percent) => {
      const result = patched(files('rds.yaml', 'cds.yaml'), { ...intent, percent });
      return expectedVersion(result.files['rds.yaml'] ?? '');
    });
    expect(versions[0]).toBe(versions[2]);
    expect(versions[0]).not.toBe(versions[1]);
    expect(expectedVersion(fixture('watched/rds.yaml'))).toBe('');
    expect(expectedVersion(fixture('watched/rds-versioned.yaml'))).toBe('7');
  });

  test('the file of a mirror cluster that is there already is not touched', () => {
    const result = patched(files('rds.yaml', 'cds-mirror.yaml'), intent);
    expect(result.clusterAdded).toBe(false);
    expect(Object.keys(result.files)).toEqual(['rds.yaml']);
  });

  test('files that are read at a restart keep their version', () => {
    const result = patched(files('rds-versioned.yaml', 'bootstrap-rds.yaml'), { ...intent, reload: 'restart' });
    expect(expectedVersion(result.files['rds-versioned.yaml'] ?? '')).toBe('7');
    expect(result.clusterAdded).toBe(true);
  });

  test('a listener that changes drains: people are told', () => {
    expect(patched(files('lds.yaml', 'cds.yaml'), intent).warnings).toEqual([
      'the routes are part of a listener: Envoy drains the connections of a listener that changes',
    ]);
  });
});

describe('what Envoy would not take up', () => {
  test('a bootstrap with routes', () => {
    const text = fixture('good/unindented-lists.yaml');
    expect(addMirror({ routes: { key: 'envoy.yaml', text } }, intent)).toEqual({
      kind: 'refused',
      reason: 'ReloadNeeded',
      message:
        'envoy.yaml is a bootstrap, which Envoy reads only when it starts. Name the workload to restart (reload), or ' +
        'move the routes to a file that Envoy watches (rds with path_config_source and watched_directory).',
    });
  });

  test('a new cluster in a bootstrap', () => {
    expect(addMirror(files('rds.yaml', 'bootstrap-rds.yaml'), intent)).toEqual({
      kind: 'refused',
      reason: 'ReloadNeeded',
      message:
        'bootstrap-rds.yaml, line 20: Envoy reads the clusters of a bootstrap only when it starts. Add the cluster ' +
        '"bookservicemirror" to bootstrap-rds.yaml yourself and restart Envoy, or let the operator restart the workload (reload).',
    });
  });

  test('a bootstrap whose routes are in a file', () => {
    expect(addMirror(files('bootstrap-rds.yaml'), intent)).toEqual({
      kind: 'refused',
      reason: 'RouteNotFound',
      message:
        'bootstrap-rds.yaml has no route to the cluster "bookservice". Its listeners read their routes from ' +
        '/cm/rds.yaml. Name the ConfigMap key of that file.',
    });
  });

  test('routes without a file of clusters', () => {
    expect(addMirror(files('rds.yaml'), intent)).toMatchObject({ kind: 'refused', reason: 'MirrorClusterUnknown' });
  });

  test.each([
    ['rds-versioned.yaml', 'line 3', 'validate_clusters: true'],
    ['lds.yaml', 'line 12', ''],
  ])('%s, whose clusters are validated, with a new cluster', (name, line, setting) => {
    const input = files(name, 'cds.yaml');
    const text = input.routes.text.replace(
      /validate_clusters: false/,
      setting || 'max_direct_response_body_size_bytes: 9',
    );
    const result = addMirror({ ...input, routes: { key: name, text } }, intent);
    expect(result).toEqual({
      kind: 'refused',
      reason: 'MirrorClusterNotLoaded',
      message:
        `${name}, ${line}: Envoy rejects this route configuration when it reads it before the cluster ` +
        '"bookservicemirror" (validate_clusters). Add the cluster "bookservicemirror" to cds.yaml yourself, or set ' +
        '"validate_clusters: false".',
    });
    expect(patched({ ...input, routes: { key: name, text }, ...clustersWithMirror() }, intent).clusterAdded).toBe(
      false,
    );
  });

  function clustersWithMirror() {
    return { clusters: { key: 'cds-mirror.yaml', text: fixture('watched/cds-mirror.yaml') } };
  }
});
