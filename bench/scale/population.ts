import type { ApiClient } from '../../src/adapters/kubernetes/apiClient.ts';
import { experiment, nameOf, namespaceOf, shared, targets } from './objects.ts';
import { until } from './pace.ts';
import { type Scene, WORKSPACE } from './scene.ts';

/** From the API server's answer to the creation, or to the deletion; in milliseconds. */
export interface Arrival {
  /** Until the operator's first write. */
  readonly firstAction: number;
  /** Until the ConfigMap has the mirror. */
  readonly mirrors: number;
  /** Until the ConfigMap is as it was. */
  readonly restored: number;
}

/** What the experiments are about: Services, ConfigMaps, Deployments. */
export async function createTargets(api: ApiClient, count: number): Promise<void> {
  for (const namespace of new Set(indices(count).map(namespaceOf))) {
    for (const { path, body } of shared(namespace)) await create(api, path, body);
  }
  await eachOf(indices(count), async (index) => {
    for (const { path, body } of targets(index)) await create(api, path, body);
  });
}

/**
 * Evenly over this time: those of a cluster do not begin all at once.
 * @param over milliseconds
 */
export async function createExperiments(api: ApiClient, count: number, interval: number, over: number): Promise<void> {
  const start = Date.now();
  for (const index of indices(count)) {
    const wait = start + (over * index) / count - Date.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    await createExperiment(api, index, interval);
  }
}

/** Creates one more, and deletes it when it mirrors. */
export async function arrive({ api, watched }: Scene, index: number, interval: number): Promise<Arrival> {
  const key = `${namespaceOf(index)}/${nameOf(index)}`;
  const since = async (start: number, isSo: () => boolean): Promise<number> => {
    await until(isSo, 120, 2);
    return performance.now() - start;
  };
  await createExperiment(api, index, interval);
  const created = performance.now();
  const firstAction = await since(created, () => watched.experiments.get(key)?.hasFinalizer === true);
  const mirrors = await since(created, () => watched.mirroring.has(key));
  await api.request({ method: 'DELETE', path: `${experimentsPath(index)}/${nameOf(index)}` });
  const restored = await since(performance.now(), () => !watched.mirroring.has(key));
  await until(() => !watched.experiments.has(key), 120);
  return { firstAction, mirrors, restored };
}

function experimentsPath(index: number): string {
  return `/apis/mirroring.dev/v1alpha1/namespaces/${namespaceOf(index)}/mirrorexperiments`;
}

async function createExperiment(api: ApiClient, index: number, interval: number): Promise<void> {
  await create(api, experimentsPath(index), experiment(index, WORKSPACE, interval));
}

async function create(api: ApiClient, path: string, body: object): Promise<void> {
  await api.request({ method: 'POST', path, body });
}

export function indices(length: number): readonly number[] {
  return Array.from({ length }, (_, index) => index);
}

async function eachOf(all: readonly number[], task: (index: number) => Promise<void>): Promise<void> {
  const left = [...all];
  const work = async (): Promise<void> => {
    for (let index = left.shift(); index !== undefined; index = left.shift()) await task(index);
  };
  await Promise.all(Array.from({ length: 24 }, work));
}
