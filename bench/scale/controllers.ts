import type { ApiClient } from '../../src/adapters/kubernetes/apiClient.ts';
import { startWatch } from '../../src/adapters/kubernetes/watch.ts';
import { systemClock } from '../../src/adapters/systemClock.ts';
import { numberAt, recordAt, recordsAt } from '../../src/core/kubernetes/fields.ts';
import type { KubernetesObject } from '../../src/core/kubernetes/object.ts';
import type { Log } from '../../src/engine/ports/log.ts';

/** Plays the controllers of Deployments and the kubelets: every change is rolled out at once. */
export function startControllers(api: ApiClient, log: Log) {
  const failures: unknown[] = [];
  const waiting: KubernetesObject[] = [];
  let running = 0;

  const pump = (): void => {
    while (running < 16) {
      const deployment = waiting.shift();
      if (deployment === undefined) return;
      running += 1;
      rollOut(api, deployment)
        .catch((error: unknown) => {
          failures.push(error);
          log.error(String(error));
        })
        .finally(() => {
          running -= 1;
          pump();
        });
    }
  };
  const watch = startWatch({
    api,
    log,
    clock: systemClock,
    path: '/apis/apps/v1/deployments',
    begin: async () => '',
    onEvent: (type, deployment) => {
      const seen = numberAt(recordAt(deployment, 'status'), 'observedGeneration') ?? 0;
      if (type === 'DELETED' || seen >= (deployment.metadata.generation ?? 0)) return;
      waiting.push(deployment);
      pump();
    },
  });
  return { stop: watch.stop, failures };
}

async function rollOut(api: ApiClient, { metadata, spec }: KubernetesObject): Promise<void> {
  const { namespace, name, generation } = metadata;
  if (name.startsWith('experiment-')) await replacePod(api, namespace, name, recordAt(spec, 'template'));
  const counts = { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 };
  await api.request({
    method: 'PATCH',
    path: `/apis/apps/v1/namespaces/${namespace}/deployments/${name}/status`,
    contentType: 'application/merge-patch+json',
    body: { status: { observedGeneration: generation, ...counts } },
  });
}

async function replacePod(
  api: ApiClient,
  namespace: string,
  app: string,
  template: Record<string, unknown> | undefined,
): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const query = { labelSelector: `app=${app}` };
  await api.request({ method: 'DELETE', path, query, body: { gracePeriodSeconds: 0 } });
  const containers = recordsAt(recordAt(template, 'spec'), 'containers');
  const name = `${app}-${Math.random().toString(36).slice(2, 8)}`;
  await api.request({
    ...{ method: 'POST', path },
    body: { metadata: { name, labels: { app } }, spec: { automountServiceAccountToken: false, containers } },
  });
  const containerStatuses = containers.map((container) => ({
    ...{ name: container.name, image: container.image, imageID: '', restartCount: 0, ready: true, started: true },
    state: { running: {} },
  }));
  const conditions = ['PodScheduled', 'Ready'].map((type) => ({ type, status: 'True' }));
  await api.request({
    ...{ method: 'PATCH', path: `${path}/${name}/status`, contentType: 'application/merge-patch+json' },
    body: { status: { phase: 'Running', conditions, containerStatuses } },
  });
}
