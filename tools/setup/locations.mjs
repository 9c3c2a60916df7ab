import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { envoyVersion, helmVersion, kubernetesVersion } from './versions.mjs';

/** Such as linux-x64. */
export const platform = `${process.platform}-${process.arch}`;
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

/** Where Helm is: the variable that names it (if any) and the path. */
export function helmLocation(env = process.env) {
  const directory = join(cacheRoot(env), `helm-${helmVersion}-${platform}`);
  return {
    variable: env.HELM_BIN ? 'HELM_BIN' : undefined,
    directory,
    binaries: { helm: env.HELM_BIN || join(directory, `helm${suffix}`) },
  };
}

/** Where prometheus and promtool are: the variable that names their directory (if any) and the paths. */
export function prometheusLocation(env = process.env) {
  const directory = env.PROMETHEUS_DIRECTORY || join(cacheRoot(env), `prometheus-${platform}`);
  return {
    variable: env.PROMETHEUS_DIRECTORY ? 'PROMETHEUS_DIRECTORY' : undefined,
    directory,
    binaries: { prometheus: join(directory, 'prometheus'), promtool: join(directory, 'promtool') },
  };
}

/** The npm package carries a Chromium for these. */
export const hasChromium = platform === 'linux-x64';

/** Where the npm package with Chromium is. */
export function chromiumPackage() {
  return dirname(dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium'))));
}

/** Where Chromium is: the variable that names it (if any) and the path. */
export function chromiumLocation(env = process.env) {
  const { version } = JSON.parse(readFileSync(join(chromiumPackage(), 'package.json'), 'utf8'));
  const directory = join(cacheRoot(env), `chromium-${version}-${platform}`);
  return {
    variable: env.CHROMIUM_BIN ? 'CHROMIUM_BIN' : undefined,
    directory,
    binaries: { chromium: env.CHROMIUM_BIN || join(directory, 'chromium') },
  };
}

/**
 * Where the program is that the recipes are checked with: the variable that names it (if any) and the path. Its directory is
 * named by its source, so that a change builds it anew.
 */
export function recipesLocation(env = process.env) {
  const module = fileURLToPath(new URL('../go/recipes/', import.meta.url));
  const hash = createHash('sha256');
  for (const file of readdirSync(module).sort()) hash.update(`${file}\n`).update(readFileSync(join(module, file)));
  const directory = join(cacheRoot(env), `recipes-${hash.digest('hex').slice(0, 12)}-${platform}`);
  return {
    variable: env.RECIPES_BIN ? 'RECIPES_BIN' : undefined,
    directory,
    binaries: { recipes: env.RECIPES_BIN || join(directory, `recipes${suffix}`) },
  };
}
