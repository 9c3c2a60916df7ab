import type { ApiClient } from '../adapters/kubernetes/apiClient.ts';
import { resourcePath } from '../adapters/kubernetes/objects.ts';
import type { ExperimentRecord } from '../core/evidence/record.ts';
import type { EvidenceDocument } from '../core/verdict/evidence.ts';
import { type EvidenceFile, readConfigMap } from './evidenceFile.ts';
import type { SeenExperiment } from './experimentResult.ts';
import { UsageError } from './usageError.ts';

/** What of a connection is needed to read. */
export interface Reader {
  readonly api: Pick<ApiClient, 'request'>;
}

export interface Evidence {
  readonly document: EvidenceDocument;
  readonly record: ExperimentRecord;
}

/** Name of the ConfigMap that the operator writes with the verdict. */
export function evidenceName(experiment: string): string {
  return `${experiment}-evidence`;
}

/**
 * The evidence in the cluster of an experiment's name, whichever run it is of.
 * @throws ApiError when it is not there or may not be read; UsageError when it is not what it should be
 */
export async function readClusterEvidence(
  { api }: Reader,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<Evidence> {
  const configMap = evidenceName(name);
  const path = resourcePath('', 'v1', 'configmaps', namespace, configMap);
  const object = await api.request({ method: 'GET', path, signal });
  return withRecord(await readConfigMap(object, `ConfigMap ${configMap}`), `ConfigMap ${configMap}`);
}

/** As readClusterEvidence, of this very run. */
export async function readEvidenceOf(
  reader: Reader,
  experiment: SeenExperiment,
  signal: AbortSignal,
): Promise<Evidence> {
  const evidence = await readClusterEvidence(reader, experiment, signal);
  const { uid, generation } = evidence.record.experiment;
  if (uid === experiment.uid && generation === experiment.generation) return evidence;
  throw new Error(`the ConfigMap ${evidenceName(experiment.name)} is of an earlier run (generation ${generation})`);
}

/** @throws UsageError for evidence without its record */
export function withRecord({ document, record }: EvidenceFile, name: string): Evidence {
  if (record !== undefined) return { document, record };
  throw new UsageError(
    `${name}: holds the evidence without its record, which a report needs; give the whole ConfigMap NAME-evidence (kubectl get configmap NAME-evidence -o yaml), or use judge`,
  );
}
