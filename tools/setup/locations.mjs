import { homedir } from 'node:os';
import { join } from 'node:path';
import { envoyVersion, kubernetesVersion } from './versions.mjs';

const platform = `${process.platform}-${process.arch}`;
const suffix = process.platform === 'win32' ? '.exe' : '';

/** Root of the cache that all checkouts share. */
export function cacheRoot(env = process.env) {
  if (env.MIRROR_EXPERIMENT_CACHE) return env.MIRROR_EXPERIMENT_CACHE;
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'mirror-experiment');
}

/** Where etcd, kube-apiserver and kubectl are: the variable that names them (if any) and the paths. */
export function kubernetesLocation(env = process.env) {
  const directory = env.KUBEBUILDER_ASSETS || join(cacheRoot(env), `kubernetes-${kubernetesVersion}-${platform}`);
  return {
    variable: env.KUBEBUILDER_ASSETS ? 'KUBEBUILDER_ASSETS' : undefined,
    directory,
    binaries: {
      etcd: join(directory, `etcd${suffix}`),
      kubeApiserver: join(directory, `kube-apiserver${suffix}`),
      kubectl: join(directory, `kubectl${suffix}`),
    },
  };
}

/** Where Envoy is: the variable that names it (if any) and the path. */
export function envoyLocation(env = process.env) {
  const directory = join(cacheRoot(env), `envoy-${envoyVersion}-${platform}`);
  return {
    variable: env.ENVOY_BIN ? 'ENVOY_BIN' : undefined,
    directory,
    binaries: { envoy: env.ENVOY_BIN || join(directory, 'envoy') },
  };
}
