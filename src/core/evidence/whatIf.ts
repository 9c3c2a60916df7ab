import type { FieldError } from '../../api/structuralSchema.ts';
import type { EvidenceDocument, LatencyTolerance } from '../verdict/evidence.ts';
import { analysisErrors, missingPercentiles } from './parseEvidence.ts';

/** Other tolerances than those that the document was made with. */
export interface WhatIf {
  readonly falseAlarmPercent?: number;
  readonly minRequests?: number;
  /** By percentile: another tolerance; null: without this gate. */
  readonly latency?: ReadonlyMap<number, Omit<LatencyTolerance, 'percentile'> | null>;
  readonly maxIncreaseBasisPoints?: number;
  readonly maxLossPercent?: number;
  readonly deadline?: boolean;
}

export type Changed =
  | { readonly kind: 'evidence'; readonly document: EvidenceDocument }
  | { readonly kind: 'invalid'; readonly errors: readonly FieldError[] };

/** The document with other tolerances. Gates of percentiles that its blocks have no counts for cannot be added. */
export function whatIf(document: EvidenceDocument, change: WhatIf): Changed {
  const { analysis } = document;
  const changed: EvidenceDocument = {
    ...document,
    deadline: change.deadline ?? document.deadline,
    analysis: {
      ...analysis,
      falseAlarmPercent: change.falseAlarmPercent ?? analysis.falseAlarmPercent,
      minRequests: change.minRequests ?? analysis.minRequests,
      latency: latencyOf(analysis.latency, change.latency),
      errors: { maxIncreaseBasisPoints: change.maxIncreaseBasisPoints ?? analysis.errors.maxIncreaseBasisPoints },
      coverage: { maxLossPercent: change.maxLossPercent ?? analysis.coverage.maxLossPercent },
    },
  };
  const errors = [...analysisErrors(changed.analysis)];
  const known = analysis.latency.map(({ percentile }) => `p${percentile}`).join(', ');
  for (const percentile of missingPercentiles(changed).keys()) {
    errors.push({
      path: 'analysis.latency',
      message: `p${percentile} cannot be judged: the evidence was gathered for ${known}`,
    });
  }
  return errors.length > 0 ? { kind: 'invalid', errors } : { kind: 'evidence', document: changed };
}

function latencyOf(
  given: readonly LatencyTolerance[],
  change: WhatIf['latency'] = new Map(),
): readonly LatencyTolerance[] {
  const kept = given.flatMap((each) => {
    const wanted = change.get(each.percentile);
    if (wanted === undefined) return [each];
    return wanted === null ? [] : [{ percentile: each.percentile, ...wanted }];
  });
  const added = [...change].flatMap(([percentile, wanted]) =>
    wanted === null || given.some((each) => each.percentile === percentile) ? [] : [{ percentile, ...wanted }],
  );
  return [...kept, ...added];
}
