import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { targetPath } from '../../src/adapters/kubernetes/objects.ts';
import { type Experiment, parseExperiment } from '../../src/api/experiment.ts';
import type { KubernetesObject } from '../../src/core/kubernetes/object.ts';
import { intentOf, ownerOf, questionOf, targetRefs } from '../../src/core/lifecycle/run.ts';
import type { World } from '../../src/core/lifecycle/world.ts';
import { type CandidateChange, planCandidate, planCandidateRestore } from '../../src/core/mirror/candidate.ts';
import { planMirrorOn } from '../../src/core/mirror/configMap.ts';
import { readJournal } from '../../src/core/mirror/journal.ts';
import { planMirrorOff } from '../../src/core/mirror/mirrorOff.ts';
import { blocksQuery } from '../../src/core/query/blocksQuery.ts';
import { cellsQuery } from '../../src/core/query/cellsQuery.ts';
import { firstCopyQuery } from '../../src/core/query/firstCopyQuery.ts';
import { pairsQuery } from '../../src/core/query/pairsQuery.ts';
import { probeQuery } from '../../src/core/query/probeQuery.ts';
import { applyJsonPatch } from '../support/jsonPatch.ts';
import { shapeOf } from '../support/kustoParser.ts';
import { SIDECAR } from '../support/lab.ts';
import { HOSTILE_TEXTS, resourceWith, TEXT_FIELDS, textFields } from './specFields.ts';

const METADATA = {
  ...{ namespace: 'a', name: 'hostile', uid: 'u', resourceVersion: '1', generation: 1 },
  creationTimestamp: '2026-01-01T00:00:00Z',
};
const WINDOW = { start: 0, end: 3_600_000 };
const fieldsOf = (...uses: string[]) =>
  Object.keys(TEXT_FIELDS).filter((field) => uses.includes(TEXT_FIELDS[field] ?? ''));

/** The experiment with this text in this field, when it is admitted: the API server's own answers are the same. */
function admitted(field: string, text: string): Experiment | undefined {
  const parsed = parseExperiment({ ...resourceWith(field, text), metadata: METADATA });
  return parsed.kind === 'experiment' ? parsed.experiment : undefined;
}

function eachAdmitted(field: string, check: (experiment: Experiment, text: string) => void): void {
  let count = 0;
  for (const text of HOSTILE_TEXTS) {
    const experiment = admitted(field, text);
    if (experiment === undefined) continue;
    count += 1;
    check(experiment, text);
  }
  expect(count).toBeGreaterThan(0);
}

function worldOf(experiment: Experiment): World {
  const settings = {
    ...{ missingTargetGraceSeconds: 60, restartTimeoutSeconds: 600, clusterDomain: 'cluster.local' },
    rolloutPollMilliseconds: 1000,
  };
  return { now: 0, experiment, objects: [], others: [], answers: {}, settings };
}

test('every field of a spec that holds free text is in the table of this test', () => {
  expect(Object.keys(TEXT_FIELDS).toSorted()).toEqual(textFields().toSorted());
});

describe('KQL', () => {
  const queries = (experiment: Experiment) => {
    const question = questionOf(experiment);
    // "(other)" is a route of its own kind, and no other name becomes it.
    const names = [...question.include, ...question.exclude, 'x'].filter((name) => name !== '(other)').slice(0, 1);
    const routes = names.map((name) => ({ name, thresholds: [1, 2, 3] }));
    return [
      probeQuery(question),
      firstCopyQuery(question, 0),
      cellsQuery(question, WINDOW),
      blocksQuery(question, WINDOW, routes),
      pairsQuery(question, WINDOW, routes),
    ];
  };

  test.each(fieldsOf('query'))(
    '%s differs from a harmless one in nothing but literals',
    { timeout: 300_000 },
    (field) => {
      const harmless = admitted(field, 'harmless');
      if (harmless === undefined) throw new Error('harmless is not admitted');
      const shapes = queries(harmless).map(shapeOf);
      eachAdmitted(field, (experiment, text) => {
        // Of each field, the query in which all of them are; the others with one text in ten.
        const chosen = HOSTILE_TEXTS.indexOf(text) % 10 === 0 ? [0, 1, 2, 3, 4] : [2];
        for (const index of chosen) {
          const kql = queries(experiment)[index] ?? '';
          // Also throws where the parser complains.
          expect(shapeOf(kql) === shapes[index], text).toBe(true);
          expect(kql, text).not.toMatch(/[^\P{Cc}\n]/u);
        }
      });
    },
  );

  test.each(Object.keys(TEXT_FIELDS).filter((field) => TEXT_FIELDS[field] !== 'query'))(
    '%s is not in any query',
    (field) => {
      eachAdmitted(field, (experiment, text) => {
        if (text.length < 8) return;
        for (const kql of queries(experiment)) expect(kql).not.toContain(JSON.stringify(text).slice(1, -1));
      });
    },
  );
});

describe("Envoy's config", () => {
  const object = (data: Record<string, string>): KubernetesObject => ({
    ...{ apiVersion: 'v1', kind: 'ConfigMap', data },
    metadata: { name: 'default-sidecar', namespace: 'a', uid: 'c', resourceVersion: '1' },
  });

  test.each(fieldsOf('config', 'name'))('%s changes nothing but what was meant, or is refused', (field) => {
    let patchedOnce = 0;
    eachAdmitted(field, (experiment, text) => {
      const { envoy } = experiment.spec.traffic;
      const { configMap: keys, liveCluster, mirrorCluster } = envoy;
      // The config has the hostile names where they are the live cluster's and the keys'.
      const bootstrap = parse(SIDECAR) as Bootstrap;
      routeOf(bootstrap).route.cluster = liveCluster;
      const written = stringify(bootstrap);
      const entries: [string, string][] = [[keys.key, written]];
      if (keys.clustersKey !== undefined && keys.clustersKey !== keys.key)
        entries.push([keys.clustersKey, 'resources: []\n']);
      const before = object(Object.fromEntries([...entries, ['untouched', 'kept']]));
      const plan = planMirrorOn(
        before,
        keys,
        { ...intentOf(worldOf(experiment), 80), reload: 'restart' },
        ownerOf(experiment),
      );
      if (plan.kind === 'refused') return;
      patchedOnce += 1;
      const paths = plan.operations.map(({ path }) => path);
      for (const path of paths) expect(path).toMatch(/^(\/data\/[-._a-zA-Z0-9]+|\/metadata\/annotations)$/);
      const after = applyJsonPatch(before, plan.operations);
      const data = after.data as Record<string, string>;
      expect(Object.getOwnPropertyDescriptor(data, 'untouched')?.value).toBe('kept');
      const config = parse(Object.getOwnPropertyDescriptor(data, keys.key)?.value) as Bootstrap;
      const policies = routes(config).flatMap(({ route }) => route.request_mirror_policies ?? []);
      expect(policies, text).toHaveLength(1);
      const [policy] = policies;
      expect(policy?.cluster).toBe(mirrorCluster);
      const header = policy?.request_headers_mutations[0]?.append.header;
      expect(header).toEqual({ key: 'x-mirror-experiment', value: experiment.name });
      // RFC 9110, section 5.5.
      expect(header?.value).toMatch(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/);
      for (const { route } of routes(config)) delete route.request_mirror_policies;
      const original = parse(written) as Bootstrap;
      expect(routes(config).at(-1)).toEqual(routeOf(original));
      expect(routes(config).length).toBe(2);
      const added = config.static_resources.clusters.filter(({ name }) => name !== 'bookservice');
      expect(added.map(({ name }) => name)).toEqual(mirrorCluster === 'bookservice' ? [] : [mirrorCluster]);
      const journal = readJournal(after);
      if (journal === undefined || journal === 'unreadable' || journal.change.type !== 'envoy')
        throw new Error('no journal');
      const restored = applyJsonPatch(after, planMirrorOff(after, journal.change.files, experiment.name).operations);
      expect(JSON.stringify(restored)).toBe(JSON.stringify(before));
    });
    expect(patchedOnce).toBeGreaterThan(0);
  });
});

describe('the candidate', () => {
  test.each(fieldsOf('candidate', 'name').filter((field) => field.startsWith('spec.mirror.deployment')))(
    '%s changes only the fields that are named, and they are restored to the letter',
    (field) => {
      eachAdmitted(field, (experiment) => {
        const change: CandidateChange = experiment.spec.mirror.deployment ?? {};
        const containers = [
          { name: 'first', image: 'f' },
          ...(change.containers ?? []).map(({ name }) => ({ name, image: 'before' })),
        ];
        const before: KubernetesObject = {
          ...{ apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 0, template: { spec: { containers } } } },
          metadata: { name: 'd', namespace: 'a', uid: 'd', resourceVersion: '1' },
        };
        const plan = planCandidate(before, change, ownerOf(experiment));
        if (plan.kind !== 'patch') throw new Error(plan.message);
        for (const { path } of plan.operations) {
          expect(path).toMatch(
            /^(\/spec\/replicas|\/spec\/template\/spec\/containers\/1\/(image|env)|\/metadata\/annotations)$/,
          );
        }
        const patched = applyJsonPatch(before, plan.operations);
        const journal = readJournal(patched);
        if (journal === undefined || journal === 'unreadable' || journal.change.type !== 'candidate')
          throw new Error('no journal');
        const { operations, kept } = planCandidateRestore(patched, journal.change.fields);
        expect(kept).toEqual([]);
        expect(JSON.stringify(applyJsonPatch(patched, operations))).toBe(JSON.stringify(before));
      });
    },
  );
});

describe('names', () => {
  test.each(fieldsOf('name', 'config'))('%s leads to one object of the namespace and to no other path', (field) => {
    eachAdmitted(field, (experiment) => {
      for (const ref of targetRefs(experiment)) {
        const path = targetPath(ref);
        expect(new URL(path, 'https://host').pathname).toBe(path);
        expect(decodeURIComponent(path)).toMatch(
          /^\/(api|apis\/apps)\/v1\/namespaces\/a\/(configmaps|deployments|statefulsets|daemonsets)\/[^/]+$/,
        );
      }
    });
  });

  test.each(['', '.', '..', '../b', 'a/../../b', '%2e%2e', 'a\\b', '..%2fb'])(
    '%j is no name: nothing is asked for it',
    (name) => {
      expect(() => targetPath({ kind: 'ConfigMap', namespace: 'a', name })).toThrow(/no object can have the name/);
      expect(() => targetPath({ kind: 'ConfigMap', namespace: name, name: 'x' })).toThrow(
        /no object can have the name/,
      );
    },
  );
});

interface Route {
  match: unknown;
  route: { cluster: string; request_mirror_policies?: Policy[] };
}

interface Policy {
  cluster: string;
  request_headers_mutations: { append: { header: { key: string; value: string } } }[];
}

interface Bootstrap {
  static_resources: {
    listeners: {
      filter_chains: { filters: { typed_config: { route_config: { virtual_hosts: { routes: Route[] }[] } } }[] }[];
    }[];
    clusters: { name: string }[];
  };
}

function routes(config: Bootstrap): Route[] {
  return (
    config.static_resources.listeners[0]?.filter_chains[0]?.filters[0]?.typed_config.route_config.virtual_hosts[0]
      ?.routes ?? []
  );
}

function routeOf(config: Bootstrap): Route {
  const [route] = routes(config);
  if (route === undefined) throw new Error('the sidecar has no route');
  return route;
}
