import { setTimeout as sleep } from 'node:timers/promises';
import { numberAt, recordAt, recordsAt, stringAt } from '../src/core/kubernetes/fields.ts';
import { type Cluster, until } from './cluster.ts';
import { OPERATOR, OPERATOR_NAMESPACE } from './install.ts';

/** Name of the pod that the Lease names; undefined: nobody leads. */
export async function leader(cluster: Cluster): Promise<string | undefined> {
  const lease = await cluster.get('lease', '-n', OPERATOR_NAMESPACE, OPERATOR);
  const holder = stringAt(recordAt(lease, 'spec'), 'holderIdentity') ?? '';
  const pods = recordsAt(await cluster.get('pods', '-n', OPERATOR_NAMESPACE), 'items');
  return pods
    .map((pod) => stringAt(recordAt(pod, 'metadata'), 'name') ?? '')
    .find((name) => name !== '' && holder.startsWith(name));
}

/** Waits for a leader whose identity in the Lease is another than this one. */
export async function untilOtherHolder(cluster: Cluster, before: string): Promise<string> {
  return until('another replica leads', 90, async () => {
    const now = await holder(cluster);
    return now !== '' && now !== before ? now : undefined;
  });
}

/** The identity in the Lease; empty: none. */
export async function holder(cluster: Cluster): Promise<string> {
  const lease = await cluster.get('lease', '-n', OPERATOR_NAMESPACE, OPERATOR);
  return stringAt(recordAt(lease, 'spec'), 'holderIdentity') ?? '';
}

/**
 * Kills the leader's process as a crash does, with a signal that it cannot handle, from inside its container: the kubelet
 * starts the container again.
 */
export async function crashLeader(cluster: Cluster): Promise<void> {
  const pod = await until('there is a leader', 60, () => leader(cluster));
  const script = `const fs = require('node:fs');
    const pid = fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).find((pid) => {
      try { return fs.readFileSync('/proc/' + pid + '/cmdline', 'utf8').split('\\0')[1] === '/app/dist/main.js'; }
      catch { return false; } // it has ended meanwhile
    });
    process.kill(Number(pid), 'SIGKILL');`;
  await cluster.tryKubectl(['exec', '-n', OPERATOR_NAMESPACE, pod, '--', 'node', '-e', script]);
}

export interface Drained {
  readonly node: string;
  /** Replicas that stayed because the PodDisruptionBudget kept them. */
  readonly kept: number;
  /** The fewest replicas that were available at a time meanwhile. */
  readonly fewest: number;
}

/** Drains the leader's node of the operator's pods, and lets pods on it again. */
export async function drainLeadersNode(cluster: Cluster): Promise<Drained> {
  const pod = await until('there is a leader', 60, () => leader(cluster));
  const node = stringAt(recordAt(await cluster.get('pod', '-n', OPERATOR_NAMESPACE, pod), 'spec'), 'nodeName');
  if (node === undefined) throw new Error(`the pod ${pod} is on no node`);
  const before = await podsOn(cluster, node);
  const watched = watchAvailable(cluster);
  try {
    // On the only node nothing can take the place of what is evicted: the budget then keeps the rest, and drain gives up.
    const selector = '--pod-selector=app.kubernetes.io/name=mirror-experiment';
    await cluster.tryKubectl([
      'drain',
      node,
      selector,
      '--ignore-daemonsets',
      '--delete-emptydir-data',
      '--timeout=25s',
    ]);
    const after = await podsOn(cluster, node);
    return { node, kept: before.filter((name) => after.includes(name)).length, fewest: await watched.stop() };
  } finally {
    await watched.stop();
    await cluster.kubectl(['uncordon', node]);
  }
}

/** Looks at the number of available replicas once a second; stop() gives the lowest. */
function watchAvailable(cluster: Cluster): { readonly stop: () => Promise<number> } {
  let stopped = false;
  const watch = async () => {
    let lowest = Number.POSITIVE_INFINITY;
    while (!stopped) {
      const deployment = await cluster.get('deployment', '-n', OPERATOR_NAMESPACE, OPERATOR);
      lowest = Math.min(lowest, numberAt(recordAt(deployment, 'status'), 'availableReplicas') ?? 0);
      await sleep(1000);
    }
    return lowest;
  };
  const lowest = watch();
  return {
    stop: () => {
      stopped = true;
      return lowest;
    },
  };
}

async function podsOn(cluster: Cluster, node: string): Promise<readonly string[]> {
  const list = await cluster.get('pods', '-n', OPERATOR_NAMESPACE, '-l', 'app.kubernetes.io/name=mirror-experiment');
  return recordsAt(list, 'items')
    .filter((pod) => stringAt(recordAt(pod, 'spec'), 'nodeName') === node)
    .map((pod) => stringAt(recordAt(pod, 'metadata'), 'name') ?? '');
}

export async function scaleOperator(cluster: Cluster, replicas: number): Promise<void> {
  await cluster.kubectl(['scale', '-n', OPERATOR_NAMESPACE, `deployment/${OPERATOR}`, `--replicas=${replicas}`]);
}

export async function untilRolledOut(cluster: Cluster): Promise<void> {
  const status = ['rollout', 'status', '-n', OPERATOR_NAMESPACE, `deployment/${OPERATOR}`, '--timeout=240s'];
  await cluster.kubectl(status);
}
