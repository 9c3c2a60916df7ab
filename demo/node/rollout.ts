/** The decisions of the Deployment controller, as Kubernetes takes them; pure. */

export interface PodView {
  readonly name: string;
  /** Made from the present pod template. */
  readonly updated: boolean;
  readonly ready: boolean;
  /** Ready for minReadySeconds. */
  readonly available: boolean;
}

export interface RolloutStrategy {
  readonly type: 'RollingUpdate' | 'Recreate';
  /** Number of pods, or a percentage such as "25%". */
  readonly maxSurge: number | string;
  readonly maxUnavailable: number | string;
}

export interface RolloutPlan {
  /** How many pods to make from the present template. */
  readonly create: number;
  /** Names of the pods to delete. */
  readonly remove: readonly string[];
}

/** @param pods those that are not being deleted; `terminating`: how many are. */
export function planRollout(
  desired: number,
  strategy: RolloutStrategy,
  pods: readonly PodView[],
  terminating: number,
): RolloutPlan {
  const updated = leastUsefulFirst(pods.filter((pod) => pod.updated));
  const old = leastUsefulFirst(pods.filter((pod) => !pod.updated));
  const surplus = updated.splice(0, Math.max(0, updated.length - desired)).map((pod) => pod.name);
  if (strategy.type === 'Recreate') {
    const create = old.length + terminating > 0 ? 0 : Math.max(0, desired - updated.length);
    return { create, remove: [...surplus, ...old.map((pod) => pod.name)] };
  }
  const { surge, unavailable } = limits(desired, strategy);
  const create = Math.max(0, Math.min(desired - updated.length, desired + surge - updated.length - old.length));
  // As many old pods may go as are there beyond the minimum, not counting new ones that do not serve yet; those that
  // serve nobody first. What is left of the number is then just the available pods beyond the minimum.
  const starting = updated.filter((pod) => !pod.available).length;
  const removable = updated.length + old.length - starting - (desired - unavailable);
  return { create, remove: [...surplus, ...old.slice(0, Math.max(0, removable)).map((pod) => pod.name)] };
}

/** maxSurge rounded up, maxUnavailable rounded down, and never both 0, as Kubernetes does. */
export function limits(desired: number, strategy: RolloutStrategy): { surge: number; unavailable: number } {
  const surge = resolve(strategy.maxSurge, desired, Math.ceil);
  const unavailable = resolve(strategy.maxUnavailable, desired, Math.floor);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, desired) };
}

function resolve(value: number | string, total: number, round: (value: number) => number): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value)?.[1];
  if (percent === undefined) throw new Error(`neither a number nor a percentage: ${JSON.stringify(value)}`);
  return round((Number(percent) / 100) * total);
}

function leastUsefulFirst(pods: readonly PodView[]): PodView[] {
  return [...pods].sort((a, b) => Number(a.available) - Number(b.available) || Number(a.ready) - Number(b.ready));
}
