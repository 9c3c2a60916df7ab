import { KubeConfig } from '@kubernetes/client-node';
import { createApiClient } from './adapters/kubernetes/apiClient.ts';
import { createCluster } from './adapters/kubernetes/cluster.ts';
import { createExperimentList } from './adapters/kubernetes/experimentList.ts';
import { inScope } from './adapters/observability/scope.ts';
import { systemClock } from './adapters/systemClock.ts';
import { runDeadMansSwitch, type SwitchOutcome } from './engine/deadMansSwitch.ts';
import type { Election } from './engine/election.ts';
import type { Log } from './engine/ports/log.ts';
import { leaseNamespace, partInElection } from './leaderElection.ts';
import { type Settings, SettingsError } from './settings.ts';

/**
 * Puts the parts of the dead man's switch together and runs it once. It takes the operator's settings as far as they
 * concern it. The kubeconfig is KUBECONFIG's, or the pod's own. Throws a SettingsError when there is no Lease by which an
 * operator could be missed.
 */
export async function startDeadMansSwitch(
  settings: Settings,
  environment: Readonly<Record<string, string | undefined>>,
  log: Log,
  signal: AbortSignal,
): Promise<SwitchOutcome> {
  checkSettings(settings);
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromDefault();
  const namespace = await leaseNamespace(settings, environment);
  let election: Election | undefined;
  const api = createApiClient({
    kubeConfig,
    log,
    guardWrite: () => {
      if (election === undefined) throw new Error('nothing may be written before the election has begun');
      return election.guardWrite();
    },
  });
  const { close, ...part } = partInElection({ kubeConfig, settings, environment, namespace, log });
  try {
    return await runDeadMansSwitch({
      ...part,
      experiments: createExperimentList(api, settings.namespace),
      cluster: createCluster({ api, clock: systemClock, log }),
      onElection: (begun) => {
        election = begun;
      },
      clock: systemClock,
      log,
      inScope,
      signal,
      settings: {
        absentSeconds: settings.deadMansSwitchSeconds,
        restartTimeoutSeconds: 300,
        rolloutPollMilliseconds: 1000,
        concurrency: settings.concurrency,
        shutdownGraceSeconds: settings.shutdownGraceSeconds,
      },
    });
  } finally {
    close();
    api.close();
  }
}

function checkSettings({ leaderElection, leaseSeconds, retrySeconds, deadMansSwitchSeconds }: Settings): void {
  if (!leaderElection) {
    throw new SettingsError(
      'the dead man’s switch misses an operator by its Lease, and with LEADER_ELECTION=false there is none: do not run it',
    );
  }
  // Another replica needs that long to take over.
  if (deadMansSwitchSeconds > leaseSeconds + retrySeconds) return;
  throw new SettingsError(
    'DEAD_MANS_SWITCH_SECONDS must be more than LEASE_SECONDS and RETRY_SECONDS together, ' +
      `not ${deadMansSwitchSeconds} with ${leaseSeconds} and ${retrySeconds}`,
  );
}
