import { configMap, deployment } from './labObjects.ts';
import type { Change, LiveLab } from './liveLab.ts';

/** Objects of an experiment's own in a lab's namespace, so that several run side by side. They share the lab's traffic. */
export interface Slot {
  readonly books: LiveLab;
  readonly name: string;
  /** Of the lab's experiment, so that it uses the slot's objects. */
  readonly change: Change;
  /** The objects as people wrote them. */
  targets(): ReturnType<LiveLab['targets']>;
}

/** Adds a ConfigMap, a workload with Envoy and a candidate. */
export async function addSlot(books: LiveLab, name: string): Promise<Slot> {
  const { sidecar, front, candidate } = {
    sidecar: `sidecar-${name}`,
    front: `front-${name}`,
    candidate: `candidate-${name}`,
  };
  await books.add(configMap(sidecar));
  await books.add(deployment(front, 'envoyproxy/envoy:v1.40.0'));
  await books.add(deployment(candidate, 'readymirroring/bookservice:v1', [{ name: 'VersionTag', value: 'none' }]));
  const env = [{ name: 'VersionTag', value: books.versions.mirror }];
  return {
    books,
    name,
    change: {
      envoy: { configMap: { name: sidecar, key: 'envoy.yaml' }, reload: { workload: { name: front } } },
      deployment: { name: candidate, containers: [{ name: candidate, image: 'readymirroring/bookservice:v2', env }] },
    },
    targets: () =>
      books.targets([
        ['ConfigMap', sidecar],
        ['Deployment', front],
        ['Deployment', candidate],
      ]),
  };
}
