import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { stringAt } from '../../src/core/kubernetes/fields.ts';
import { testCluster, testNamespace } from '../support/apiServer.ts';
import { kubectl } from '../support/kubectl.ts';
import { alertGroups } from './queries.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'deploy', 'monitoring');

test('kubectl makes the rules and a ConfigMap with the dashboard of deploy/monitoring, which the API server takes', async () => {
  const { kubeconfig } = testCluster();
  const { stdout, code } = await kubectl(kubeconfig, ['kustomize', FOLDER]);
  expect(code).toBe(0);
  const objects: unknown[] = parseAllDocuments(stdout).map((document) => document.toJS());
  const rules = objects.find((object) => stringAt(object, 'kind') === 'PrometheusRule');
  expect(rules).toMatchObject({
    metadata: { name: 'mirror-experiment', namespace: 'mirror-experiment-system' },
    spec: alertGroups(),
  });
  const dashboard = objects.find((object) => stringAt(object, 'kind') === 'ConfigMap');
  expect(dashboard).toMatchObject({
    metadata: { name: 'mirror-experiment-dashboard', labels: { grafana_dashboard: '1' } },
    data: { 'mirror-experiment.json': readFileSync(join(FOLDER, 'dashboard.json'), 'utf8') },
  });
  expect(objects).toHaveLength(2);
  const namespace = await testNamespace();
  const input = JSON.stringify(dashboard).replaceAll('mirror-experiment-system', namespace);
  expect(await kubectl(kubeconfig, ['create', '-f', '-'], { input })).toMatchObject({ code: 0 });
});
