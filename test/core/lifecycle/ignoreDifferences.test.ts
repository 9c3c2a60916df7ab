import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseExperiment } from '../../../src/api/experiment.ts';
import { ignoreDifferences } from '../../../src/core/lifecycle/ignoreDifferences.ts';
import type { World } from '../../../src/core/lifecycle/world.ts';
import { experimentObject, NAMESPACE, putLab } from '../../support/lab.ts';
import { MemoryCluster } from '../../support/memoryCluster.ts';

const REF = { kind: 'Deployment', namespace: NAMESPACE, name: 'bookservicemirror' } as const;
const JOURNAL = '/metadata/annotations/mirroring.dev~1journal';

describe('what to paste', () => {
  it.each(['argocd-controller', 'argocd-application-controller', undefined, 'some-tool'])(
    'is an entry of ignoreDifferences for Argo CD, and for whoever is not known (%s)',
    (manager) => {
      expect(snippet(ignoreDifferences(world(), REF, manager))).toEqual({
        spec: {
          ignoreDifferences: [
            {
              group: 'apps',
              kind: 'Deployment',
              name: 'bookservicemirror',
              jsonPointers: ['/spec/replicas', JOURNAL],
              jqPathExpressions: [
                '.spec.template.spec.containers[] | select(.name == "bookservice") | .image',
                '.spec.template.spec.containers[] | select(.name == "bookservice") | .env[]? | select(.name == "VersionTag")',
              ],
            },
            { kind: 'ConfigMap', name: 'default-sidecar', jsonPointers: ['/data/envoy.yaml', JOURNAL] },
            {
              group: 'apps',
              kind: 'Deployment',
              name: 'bookinfo-spa',
              jsonPointers: ['/spec/template/metadata/annotations/mirroring.dev~1config-hash', JOURNAL],
            },
          ],
          syncPolicy: { syncOptions: ['RespectIgnoreDifferences=true'] },
        },
      });
    },
  );

  it('is an ignore rule of drift detection for Flux’s helm-controller, with the present places in lists', () => {
    const { spec } = snippet(ignoreDifferences(world(), REF, 'helm-controller')) as {
      spec: { driftDetection: { ignore: unknown[] } };
    };
    expect(spec.driftDetection.ignore[0]).toEqual({
      paths: [
        '/spec/replicas',
        '/spec/template/spec/containers/0/image',
        '/spec/template/spec/containers/0/env/1',
        JOURNAL,
      ],
      target: { kind: 'Deployment', name: 'bookservicemirror' },
    });
    expect(spec.driftDetection.ignore).toHaveLength(3);
  });

  it('is a command for Flux’s kustomize-controller', () => {
    expect(ignoreDifferences(world(), REF, 'kustomize-controller')).toContain(
      'kubectl annotate -n bookstore deployment/bookservicemirror configmap/default-sidecar deployment/bookinfo-spa kustomize.toolkit.fluxcd.io/reconcile=disabled',
    );
  });

  it.each(['kubectl-client-side-apply', 'kubectl', 'kubectl-edit', 'helm'])('is nothing for %s', (manager) => {
    expect(ignoreDifferences(world(), REF, manager)).toBe(
      'do not apply, edit or upgrade Deployment bookservicemirror, ConfigMap default-sidecar and Deployment bookinfo-spa while an experiment runs',
    );
  });

  it.each(['argocd-controller', 'helm-controller', 'kustomize-controller', undefined])(
    'fits on one line of a condition however much is patched (%s)',
    (manager) => {
      const containers = Array.from({ length: 16 }, (_, index) => ({
        name: `${index}-${'c'.repeat(59)}`,
        image: 'i',
        env: Array.from({ length: 64 }, (__, each) => ({ name: `${each}-${'v'.repeat(240)}`, value: '1' })),
      }));
      const mirror = { service: 'b', version: 'v', deployment: { name: 'd'.repeat(253), containers } };
      const text = ignoreDifferences(world({ mirror }), REF, manager);
      expect(text).not.toContain('\n');
      expect(text.length).toBeLessThan(3000);
    },
  );
});

/** The YAML of a message: what is behind the last colon of its sentence. */
function snippet(message: string): unknown {
  return parse(message.slice(message.indexOf('{')));
}

function world(spec: Record<string, unknown> = {}): World {
  const cluster = new MemoryCluster();
  putLab(cluster);
  cluster.put(experimentObject('x', 'V2', spec));
  const parsed = parseExperiment(cluster.get('MirrorExperiment', NAMESPACE, 'x'));
  if (parsed.kind !== 'experiment') throw new Error(JSON.stringify(parsed.errors));
  const objects = [...cluster.list('ConfigMap'), ...cluster.list('Deployment')];
  const settings = {
    missingTargetGraceSeconds: 60,
    restartTimeoutSeconds: 600,
    clusterDomain: 'cluster.local',
    rolloutPollMilliseconds: 2000,
  };
  return { now: 0, experiment: parsed.experiment, objects, others: [], answers: {}, settings };
}
