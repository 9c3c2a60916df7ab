import { mkdir } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import type { CoreV1Api, V1ConfigMap, V1ConfigMapVolumeSource, V1Pod, V1Volume } from '@kubernetes/client-node';
import { ApiException } from '@kubernetes/client-node';
import { type ProjectedFiles, projectFiles } from './projection.ts';

/** A pod cannot have what its specification asks for; the message says what and why. */
class MountError extends Error {
  override readonly name = 'MountError';
}

export interface PodVolumes {
  /** Directory of each volume on the host, by the volume's name. */
  readonly directories: ReadonlyMap<string, string>;
  /** Reads the ConfigMaps again and projects those that changed. */
  sync(): Promise<void>;
}

/**
 * Makes a pod's volumes below `directory`: ConfigMaps and empty directories.
 * @throws MountError for other kinds, and for a ConfigMap (or key) that is not there; to be tried again.
 */
export async function mountVolumes(core: CoreV1Api, pod: V1Pod, directory: string): Promise<PodVolumes> {
  const directories = new Map<string, string>();
  const projected = new Map<string, ProjectedFiles>();
  const volumes = pod.spec?.volumes ?? [];
  const project = async (volume: V1Volume, source: V1ConfigMapVolumeSource) => {
    const files = await filesOf(core, pod.metadata?.namespace ?? '', source);
    await projectFiles(join(directory, volume.name), files, projected.get(volume.name));
    projected.set(volume.name, files);
  };
  for (const volume of volumes) {
    // The API server's ServiceAccount admission adds it to every pod; no process here uses it.
    if (volume.name.startsWith('kube-api-access-')) continue;
    directories.set(volume.name, join(directory, volume.name));
    if (volume.configMap) await project(volume, volume.configMap);
    else if (volume.emptyDir) await mkdir(join(directory, volume.name), { recursive: true });
    else throw new MountError(`volume ${volume.name}: only configMap and emptyDir volumes are supported here`);
  }
  return {
    directories,
    sync: async () => {
      for (const volume of volumes) if (volume.configMap) await project(volume, volume.configMap);
    },
  };
}

async function filesOf(core: CoreV1Api, namespace: string, source: V1ConfigMapVolumeSource): Promise<ProjectedFiles> {
  const name = source.name ?? '';
  const configMap = await readConfigMap(core, namespace, name);
  if (configMap === undefined) {
    if (source.optional === true) return new Map();
    throw new MountError(`configmap "${name}" not found`);
  }
  const content = (key: string): Buffer | undefined => {
    const text = configMap.data?.[key];
    if (text !== undefined) return Buffer.from(text);
    const binary = configMap.binaryData?.[key];
    return binary === undefined ? undefined : Buffer.from(binary, 'base64');
  };
  const keys = [...Object.keys(configMap.data ?? {}), ...Object.keys(configMap.binaryData ?? {})];
  const files = new Map<string, Buffer>();
  for (const { key, path } of source.items ?? keys.map((key) => ({ key, path: key }))) {
    const bytes = content(key);
    if (bytes !== undefined) files.set(normalize(path), bytes);
    else if (source.optional !== true) throw new MountError(`configmap "${name}" has no key "${key}"`);
  }
  return files;
}

export async function readConfigMap(
  core: CoreV1Api,
  namespace: string,
  name: string,
): Promise<V1ConfigMap | undefined> {
  try {
    return await core.readNamespacedConfigMap({ namespace, name });
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return undefined;
    throw error;
  }
}
