import { readFile } from 'node:fs/promises';

const mountedFile = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/** Namespace of the pod that this process runs in: what the kubelet has mounted, else POD_NAMESPACE; undefined: in none. */
export async function ownNamespace(
  environment: Readonly<Record<string, string | undefined>>,
  file: string = mountedFile,
): Promise<string | undefined> {
  try {
    const namespace = (await readFile(file, 'utf8')).trim();
    if (namespace !== '') return namespace;
  } catch (error) {
    // Outside of a pod, or in one without a mounted token, there is no such file.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  return environment.POD_NAMESPACE || undefined;
}
