import type { Experiment } from '../../api/experiment.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import { evidenceDocument } from '../samples/evidenceDocument.ts';
import type { Samples } from '../samples/samples.ts';
import type { TraceSamples } from '../samples/traceSlices.ts';
import type { EvidenceDocument } from '../verdict/evidence.ts';
import { type ExperimentRecord, RECORD_VERSION, type RecordedQuery } from './record.ts';
import { traceOf } from './trace.ts';

/** The read on which a verdict rests. */
export interface JudgedWindow {
  /** Half-open, ms since the epoch. */
  readonly start: number;
  readonly end: number;
  readonly document: EvidenceDocument;
  readonly samples: Samples;
  /** undefined: it could not be read. */
  readonly trace: { readonly samples: TraceSamples; readonly kql: string } | undefined;
}

/**
 * The evidence and the record of an experiment that has its verdict.
 * @param judged undefined: the verdict does not rest on telemetry; the document has no routes then
 */
export function recordOf(
  experiment: Experiment,
  status: MirrorExperimentStatus,
  judged: JudgedWindow | undefined,
): { readonly document: EvidenceDocument; readonly record: ExperimentRecord } {
  const { namespace, name, uid, generation, spec } = experiment;
  const document = judged?.document ?? withoutTelemetry(experiment);
  const record: ExperimentRecord = {
    apiVersion: RECORD_VERSION,
    experiment: { namespace, name, uid, generation },
    spec,
    status,
    window: judged === undefined ? null : { start: instant(judged.start), end: instant(judged.end) },
    queries: judged === undefined ? [] : queriesOf(judged),
    resultCodes: (judged?.samples.routes ?? []).map((route) => ({
      route: route.name,
      live: route.live.resultCodes,
      mirror: route.mirror.resultCodes,
    })),
    trace: judged?.trace === undefined ? null : traceOf(document, judged.trace.samples),
    leftOut: [],
  };
  return { document, record };
}

function withoutTelemetry({ spec }: Experiment): EvidenceDocument {
  const nothing = { routes: [], queries: [] };
  const circumstances = { mirrorPercent: spec.traffic.percent, elapsedSeconds: 0, deadline: true };
  return evidenceDocument(nothing, spec.analysis, circumstances);
}

const PURPOSES = ['sums', 'blocks', 'pairs'] as const;

function queriesOf({ samples, trace }: JudgedWindow): readonly RecordedQuery[] {
  const asked = samples.queries.flatMap((kql, index) => {
    const purpose = PURPOSES[index];
    return purpose === undefined ? [] : [{ purpose, kql }];
  });
  return trace === undefined ? asked : [...asked, { purpose: 'trace', kql: trace.kql }];
}

function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
