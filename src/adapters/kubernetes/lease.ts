import { fieldManager } from '../../api/names.ts';
import { numberAt, recordAt, stringAt } from '../../core/kubernetes/fields.ts';
import type { KubernetesObject } from '../../core/kubernetes/object.ts';
import type { Lease, LeaseRecord, StoredLease } from '../../engine/ports/lease.ts';
import type { ApiClient } from './apiClient.ts';
import { ApiError } from './apiError.ts';
import { resourcePath, toKubernetesObject } from './objects.ts';

export interface LeaseOptions {
  /** Of its own, with a short time limit: renewals must not wait behind other requests. */
  readonly api: Pick<ApiClient, 'request'>;
  readonly namespace: string;
  readonly name: string;
}

/** A Lease of coordination.k8s.io/v1. The get, create and update of it are all the rights that it takes. */
export function createLease({ api, namespace, name }: LeaseOptions): Lease {
  const collection = resourcePath('coordination.k8s.io', 'v1', 'leases', namespace);
  const path = resourcePath('coordination.k8s.io', 'v1', 'leases', namespace, name);

  /** Others' labels and annotations stay. */
  let known: { readonly resourceVersion: string; readonly metadata: object } | undefined;

  function toStoredLease(answer: unknown): StoredLease {
    const { managedFields: _, ...metadata } = toKubernetesObject(answer).metadata as ManagedMetadata;
    known = { resourceVersion: metadata.resourceVersion, metadata };
    return { resourceVersion: metadata.resourceVersion, record: toRecord(recordAt(answer, 'spec')) };
  }

  async function read(signal: AbortSignal): Promise<StoredLease | undefined> {
    try {
      return toStoredLease(await api.request({ method: 'GET', path, signal }));
    } catch (error) {
      if (error instanceof ApiError && error.kind === 'NotFound') return undefined;
      throw error;
    }
  }

  async function write(
    record: LeaseRecord,
    resourceVersion: string | undefined,
    signal: AbortSignal,
  ): Promise<StoredLease> {
    const created = resourceVersion === undefined;
    const others = known?.resourceVersion === resourceVersion ? known?.metadata : {};
    const metadata = { ...others, name, namespace, ...(!created && { resourceVersion }) };
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: toSpec(record) };
    const target = created ? { method: 'POST' as const, path: collection } : { method: 'PUT' as const, path };
    return toStoredLease(await api.request({ ...target, query: { fieldManager }, body, signal }));
  }

  return { name: `${namespace}/${name}`, read, write };
}

function toSpec({ holder, durationSeconds, acquireTime, renewTime, transitions }: LeaseRecord): object {
  return {
    holderIdentity: holder,
    ...(durationSeconds !== undefined && { leaseDurationSeconds: durationSeconds }),
    ...(acquireTime !== undefined && { acquireTime: toMicroTime(acquireTime) }),
    ...(renewTime !== undefined && { renewTime: toMicroTime(renewTime) }),
    leaseTransitions: transitions,
  };
}

type ManagedMetadata = KubernetesObject['metadata'] & { readonly managedFields?: unknown };

/** All fields of a Lease's spec are optional, and anybody may have written it. */
function toRecord(spec: unknown): LeaseRecord {
  return {
    holder: stringAt(spec, 'holderIdentity') ?? '',
    durationSeconds: numberAt(spec, 'leaseDurationSeconds'),
    acquireTime: toMilliseconds(stringAt(spec, 'acquireTime')),
    renewTime: toMilliseconds(stringAt(spec, 'renewTime')),
    transitions: numberAt(spec, 'leaseTransitions') ?? 0,
  };
}

/** RFC 3339 with microseconds, the only form that the API server takes here. */
function toMicroTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}

function toMilliseconds(time: string | undefined): number | undefined {
  const milliseconds = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}
