import { randomBytes } from 'node:crypto';
import type { KubeConfig } from '@kubernetes/client-node';
import { type ApiClientOptions, createApiClient } from './adapters/kubernetes/apiClient.ts';
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

export interface LeaseOptions {
  readonly kubeConfig: KubeConfig;
  readonly settings: Settings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly namespace: string;
  readonly log: Log;
  readonly observe?: ApiClientOptions['observe'];
}

export interface LeaderElectionOptions extends LeaseOptions {
  readonly onLead: () => void;
  readonly onLost: () => Promise<void>;
}

/** Starts the election by the Lease that the settings name. stop() also closes its connections. */
export function startLeaderElection({ onLead, onLost, ...options }: LeaderElectionOptions) {
  const { close, ...part } = partInElection(options);
  const election = startElection({ ...part, clock: systemClock, log: options.log, onLead, onLost });
  const stop: Election['stop'] = async (how) => {
    await election.stop(how);
    close();
  };
  return { ...election, stop };
}

/** What this process takes part with in the election by the Lease that the settings name; close() its connections. */
export function partInElection({ kubeConfig, settings, environment, namespace, log, observe }: LeaseOptions) {
  const { leaseSeconds, renewDeadlineSeconds, retrySeconds } = settings;
  // Connections of its own, and half the deadline for a request, so that a renewal that hangs leaves time for another.
  const api = createApiClient({
    ...{ kubeConfig, log, requestTimeoutMilliseconds: (renewDeadlineSeconds * 1000) / 2 },
    ...(observe !== undefined && { observe }),
  });
  return {
    lease: createLease({ api, namespace, name: settings.leaseName }),
    // A restarted container keeps the pod's name, and must not take its predecessor's lease for its own.
    identity: `${environment.POD_NAME || environment.HOSTNAME || 'operator'}_${randomBytes(4).toString('hex')}`,
    timing: { leaseSeconds, renewDeadlineSeconds, retrySeconds },
    close: () => api.close(),
  };
}
