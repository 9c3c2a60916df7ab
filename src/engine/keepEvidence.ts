import { isDeepStrictEqual } from 'node:util';
import type { Experiment } from '../api/experiment.ts';
import { apiVersion, experimentLabel, kind } from '../api/names.ts';
import type { MirrorExperimentStatus } from '../api/types.generated.ts';
import { evidenceFiles } from '../core/evidence/evidenceFiles.ts';
import { type JudgedWindow, recordOf } from '../core/evidence/recordOf.ts';
import { recordsAt } from '../core/kubernetes/fields.ts';
import type { ObjectRef } from '../core/kubernetes/object.ts';
import { type Cluster, ClusterError, type NewConfigMap } from './ports/cluster.ts';
import type { Log } from './ports/log.ts';

/**
 * Stores what a verdict rests on, in a ConfigMap that goes with the experiment. To be called before the verdict is stored: an
 * operator that ends in between judges anew, and replaces what is there.
 * @param compress gzip, as base64
 * @returns the status, with the ConfigMap's name; unchanged when the API server refuses it, which keeps no verdict back
 */
export async function keepEvidence(
  { cluster, compress, log }: { cluster: Cluster; compress: (text: string) => string; log: Log },
  experiment: Experiment,
  status: MirrorExperimentStatus,
  judged: JudgedWindow | undefined,
): Promise<MirrorExperimentStatus> {
  const { namespace, name, uid } = experiment;
  const ref: ObjectRef = { kind: 'ConfigMap', namespace, name: `${name}-evidence` };
  const kept: MirrorExperimentStatus = { ...status, evidence: ref.name };
  const { document, record } = recordOf(experiment, kept, judged);
  const configMap: NewConfigMap = {
    metadata: {
      namespace,
      name: ref.name,
      labels: { [experimentLabel]: name },
      ownerReferences: [{ apiVersion, kind, name, uid }],
    },
    ...evidenceFiles(document, record, compress),
  };
  try {
    await createOrReplace(cluster, ref, configMap, uid);
    return kept;
  } catch (error) {
    if (!(error instanceof ClusterError && (error.kind === 'Forbidden' || error.kind === 'Invalid'))) throw error;
    const message = `the evidence is not kept in ConfigMap ${ref.name}: ${error.message}`;
    log.warn(message);
    await cluster.recordEvent({ namespace, name, uid }, { type: 'Warning', reason: 'EvidenceNotKept', message });
    return status;
  }
}

/** One write at most: with two, whoever refuses every second one would keep the verdict back for ever. */
async function createOrReplace(cluster: Cluster, ref: ObjectRef, configMap: NewConfigMap, uid: string): Promise<void> {
  const present = await cluster.read(ref);
  if (present === undefined) {
    await cluster.createConfigMap(configMap);
    return;
  }
  if (!recordsAt(present.metadata, 'ownerReferences').some((owner) => owner.uid === uid)) {
    throw new ClusterError('Invalid', `there is one of that name that is not this experiment's`);
  }
  const { data, binaryData } = configMap;
  if (isDeepStrictEqual({ data: present.data, binaryData: present.binaryData }, { data, binaryData })) return;
  await cluster.patch(ref, present.metadata.resourceVersion, [
    { op: 'add', path: '/data', value: data },
    { op: 'add', path: '/binaryData', value: binaryData },
  ]);
}
