import { createHash } from 'node:crypto';
import { apiVersion, fieldManager, kind } from '../../api/names.ts';
import { isRecord } from '../../api/structuralSchema.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { ExperimentEvent, ExperimentRef } from '../../engine/ports/cluster.ts';
import type { Log } from '../../engine/ports/log.ts';
import type { ApiClient } from './apiClient.ts';
import { ApiError } from './apiError.ts';
import { resourcePath } from './objects.ts';

interface EventRecorder {
  readonly api: ApiClient;
  readonly clock: Clock;
  readonly log: Log;
}

/** The limit of a note in events.k8s.io/v1, which serves the same objects. */
const maxMessageBytes = 1024;

/**
 * Records an Event on an experiment. The same event again raises the count of the first, also after a restart: its name is
 * made of what it says. An Event informs; that it cannot be recorded is logged and does not stop the work.
 */
export async function recordEvent(recorder: EventRecorder, ref: ExperimentRef, event: ExperimentEvent): Promise<void> {
  const { api, clock, log } = recorder;
  const name = `${ref.name}.${hash([ref.uid, event.type, event.reason, event.message])}`;
  const time = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  try {
    try {
      await create(api, ref, event, name, time);
    } catch (error) {
      if (!(error instanceof ApiError && error.reason === 'AlreadyExists')) throw error;
      await countOnceMore(api, ref, name, time);
    }
  } catch (error) {
    const { namespace, name: experiment, uid } = ref;
    const fields = { namespace, experiment, uid };
    log.warn(`event ${event.reason} of ${namespace}/${experiment} was not recorded: ${error}`, fields);
  }
}

async function create(api: ApiClient, ref: ExperimentRef, event: ExperimentEvent, name: string, time: string) {
  const { namespace, uid } = ref;
  await api.request({
    method: 'POST',
    path: resourcePath('', 'v1', 'events', namespace),
    query: { fieldManager },
    body: {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: { apiVersion, kind, namespace, name: ref.name, uid },
      type: event.type,
      reason: event.reason,
      message: clip(event.message),
      source: { component: fieldManager },
      reportingComponent: fieldManager,
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    },
  });
}

async function countOnceMore(api: ApiClient, ref: ExperimentRef, name: string, time: string): Promise<void> {
  const path = resourcePath('', 'v1', 'events', ref.namespace, name);
  const recorded = await api.request({ method: 'GET', path });
  const count = isRecord(recorded) && typeof recorded.count === 'number' ? recorded.count : 1;
  await api.request({
    method: 'PATCH',
    path,
    query: { fieldManager },
    contentType: 'application/merge-patch+json',
    body: { count: count + 1, lastTimestamp: time },
  });
}

function hash(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

/** At most maxMessageBytes of UTF-8, without half a character at the end. */
function clip(message: string): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= maxMessageBytes) return message;
  let end = maxMessageBytes - 3;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.subarray(0, end).toString()}…`;
}
