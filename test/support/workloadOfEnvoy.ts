import type { LiveLab } from './liveLab.ts';

/**
 * A DaemonSet or StatefulSet `front` that runs Envoy, beside the lab's Deployment. Its status says that every rollout is
 * complete: nobody here runs its pods.
 */
export async function workloadOfEnvoy(books: LiveLab, kind: 'DaemonSet' | 'StatefulSet'): Promise<void> {
  const labels = { app: 'front' };
  const container = { name: 'envoy', image: 'envoyproxy/envoy:v1.40.0' };
  const template = { metadata: { labels }, spec: { containers: [container] } };
  await books.add({
    ...{ apiVersion: 'apps/v1', kind, metadata: { name: 'front' } },
    spec: { selector: { matchLabels: labels }, template, ...(kind === 'StatefulSet' && { serviceName: 'front' }) },
  });
  const counts =
    kind === 'StatefulSet'
      ? { replicas: 1, readyReplicas: 1, availableReplicas: 1 }
      : { currentNumberScheduled: 1, desiredNumberScheduled: 1, updatedNumberScheduled: 1, numberAvailable: 1 };
  const misscheduled = kind === 'DaemonSet' ? { numberMisscheduled: 0, numberReady: 1 } : {};
  const status = JSON.stringify({ status: { observedGeneration: 1000, ...counts, ...misscheduled } });
  const patch = ['patch', kind, 'front', '--subresource=status', '--type=merge', '-p', status];
  const { code, stderr } = await books.kubectl(patch);
  if (code !== 0) throw new Error(`the status of ${kind} front was not written: ${stderr}`);
}
