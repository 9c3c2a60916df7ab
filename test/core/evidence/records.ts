import { parseExperiment } from '../../../src/api/experiment.ts';
import { type ExperimentRecord, RECORD_VERSION } from '../../../src/core/evidence/record.ts';
import { experimentSpec } from '../../support/labObjects.ts';

/** A record as short as can be. */
export function recordOf(change: Partial<ExperimentRecord> = {}): ExperimentRecord {
  const spec = experimentSpec({ live: 'V1', mirror: 'V2', workspaceId: '00000000-0000-0000-0000-000000000001' });
  const metadata = { namespace: 'books', name: 'candidate', uid: 'u', generation: 1, resourceVersion: '1' };
  const parsed = parseExperiment({
    apiVersion: 'mirroring.dev/v1alpha1',
    kind: 'MirrorExperiment',
    metadata: { ...metadata, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec,
  });
  if (parsed.kind !== 'experiment') throw new Error(JSON.stringify(parsed.errors));
  const { namespace, name, uid, generation } = parsed.experiment;
  return {
    apiVersion: RECORD_VERSION,
    experiment: { namespace, name, uid, generation },
    spec: parsed.experiment.spec,
    status: {},
    window: null,
    queries: [],
    resultCodes: [],
    trace: null,
    leftOut: [],
    ...change,
  };
}
