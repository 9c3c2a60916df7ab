import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ignoreDifferences } from '../../../src/core/lifecycle/ignoreDifferences.ts';
import { NAMESPACE } from '../../support/lab.ts';
import { labWorld } from '../../support/labWorld.ts';

const REF = { kind: 'Deployment', namespace: NAMESPACE, name: 'bookservicemirror' } as const;
const JOURNAL = '/metadata/annotations/mirroring.dev~1journal';

describe('what to paste', () => {
  it.each(['argocd-controller', 'argocd-application-controller', undefined, 'some-tool'])(
    'is an entry of ignoreDifferences for Argo CD, and for whoever is not known (%s)',
    (manager) => {
      expect(snippet(ignoreDifferences(labWorld(), REF, manager))).toEqual({
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
    const { spec } = snippet(ignoreDifferences(labWorld(), REF, 'helm-controller')) as {
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
    expect(ignoreDifferences(labWorld(), REF, 'kustomize-controller')).toContain(
      'kubectl annotate -n bookstore deployment/bookservicemirror configmap/default-sidecar deployment/bookinfo-spa kustomize.toolkit.fluxcd.io/reconcile=disabled',
    );
  });

  it.each(['kubectl-client-side-apply', 'kubectl', 'kubectl-edit', 'helm'])('is nothing for %s', (manager) => {
    expect(ignoreDifferences(labWorld(), REF, manager)).toBe(
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
      const text = ignoreDifferences(labWorld({ mirror }), REF, manager);
      expect(text).not.toContain('\n');
      expect(text.length).toBeLessThan(3000);
    },
  );
});

/** The YAML of a message: what is behind the last colon of its sentence. */
function snippet(message: string): unknown {
  return parse(message.slice(message.indexOf('{')));
}
