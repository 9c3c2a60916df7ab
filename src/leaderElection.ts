import { randomBytes } from 'node:crypto';
import type { KubeConfig } from '@kubernetes/client-node';
import { createApiClient } from './adapters/kubernetes/apiClient.ts';
import { createLease } from './adapters/kubernetes/lease.ts';
import { ownNamespace } from './adapters/kubernetes/ownNamespace.ts';
import { systemClock } from './adapters/systemClock.ts';
import { type Election, startElection } from './engine/election.ts';
import type { Log } from './engine/ports/log.ts';
import { type Settings, SettingsError } from './settings.ts';

/** Where the Lease is. Throws a SettingsError when nothing says so. */
export async function leaseNamespace(
  settings: Settings,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const namespace = settings.leaseNamespace ?? (await ownNamespace(environment));
  if (namespace !== undefined) return namespace;
  throw new SettingsError(
    'leader election needs a namespace for its Lease, and this process runs in no pod: set LEASE_NAMESPACE, or ' +
      'LEADER_ELECTION=false when no other operator runs',
  );
}

export interface LeaderElectionOptions {
  readonly kubeConfig: KubeConfig;
  readonly settings: Settings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly namespace: string;
  readonly log: Log;
  readonly onLead: () => void;
  readonly onLost: () => Promise<void>;
}

/** Starts the election by the Lease that the settings name. stop() also closes its connections. */
export function startLeaderElection({
  kubeConfig,
  settings,
  environment,
  namespace,
  log,
  ...on
}: LeaderElectionOptions) {
  const { leaseSeconds, renewDeadlineSeconds, retrySeconds } = settings;
  // Connections of its own, and half the deadline for a request, so that a renewal that hangs leaves time for another.
  const api = createApiClient({ kubeConfig, log, requestTimeoutMilliseconds: (renewDeadlineSeconds * 1000) / 2 });
  const election = startElection({
    lease: createLease({ api, namespace, name: settings.leaseName }),
    // A restarted container keeps the pod's name, and must not take its predecessor's lease for its own.
    identity: `${environment.POD_NAME || environment.HOSTNAME || 'operator'}_${randomBytes(4).toString('hex')}`,
    timing: { leaseSeconds, renewDeadlineSeconds, retrySeconds },
    clock: systemClock,
    log,
    ...on,
  });
  const stop: Election['stop'] = async (how) => {
    await election.stop(how);
    api.close();
  };
  return { ...election, stop };
}
