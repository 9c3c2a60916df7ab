type Environment = Readonly<Record<string, string | undefined>>;

interface Location<Name extends string> {
  /** The environment variable that names the place, when it is set. */
  variable: string | undefined;
  directory: string;
  binaries: Record<Name, string>;
}

export function cacheRoot(env?: Environment): string;
export function kubernetesLocation(env?: Environment): Location<'etcd' | 'kubeApiserver' | 'kubectl'>;
export function envoyLocation(env?: Environment): Location<'envoy'>;
export function helmLocation(env?: Environment): Location<'helm'>;
export function prometheusLocation(env?: Environment): Location<'prometheus' | 'promtool'>;
export function chromiumLocation(env?: Environment): Location<'chromium'>;
export function recipesLocation(env?: Environment): Location<'recipes'>;
