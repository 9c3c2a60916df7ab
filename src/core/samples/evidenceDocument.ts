import { OTHER_ROUTES } from '../query/routes.ts';
import {
  EVIDENCE_VERSION,
  type EvidenceAnalysis,
  type EvidenceArm,
  type EvidenceDocument,
  type EvidenceRoute,
} from '../verdict/evidence.ts';
import { emptyArm } from './cells.ts';
import type { ArmSamples, RouteSamples, Samples } from './samples.ts';

/** What the samples cannot tell. */
export interface EvidenceCircumstances {
  /** spec.traffic.percent. */
  readonly mirrorPercent: number;
  /** Length of the window. */
  readonly elapsedSeconds: number;
  /** True: what is undecided becomes Inconclusive. */
  readonly deadline: boolean;
}

/**
 * The engine's one input, from a window's samples. Declared routes (`analysis.routes.include`) that live has not served
 * are added without telemetry, because each of them must pass and none may be passed over.
 */
export function evidenceDocument(
  samples: Samples,
  analysis: EvidenceAnalysis,
  { mirrorPercent, elapsedSeconds, deadline }: EvidenceCircumstances,
): EvidenceDocument {
  const declared = analysis.routes?.include ?? [];
  return {
    apiVersion: EVIDENCE_VERSION,
    analysis: relevant(analysis),
    mirrorPercent,
    elapsedSeconds,
    deadline,
    routes: withDeclared(samples.routes, declared).map(toRoute),
  };
}

/** Copied field by field: the document is stored and replayed, and must not carry what the verdict does not read. */
function relevant(analysis: EvidenceAnalysis): EvidenceAnalysis {
  const declared = analysis.routes?.include ?? [];
  return {
    falseAlarmPercent: analysis.falseAlarmPercent,
    minRequests: analysis.minRequests,
    latency: analysis.latency.map(({ percentile, maxIncreasePercent, maxIncreaseMilliseconds, failOnly }) => ({
      percentile,
      maxIncreasePercent,
      maxIncreaseMilliseconds,
      ...(failOnly ? { failOnly } : {}),
    })),
    errors: { maxIncreaseBasisPoints: analysis.errors.maxIncreaseBasisPoints },
    coverage: { maxLossPercent: analysis.coverage.maxLossPercent },
    ...(declared.length > 0 ? { routes: { include: [...declared] } } : {}),
  };
}

function withDeclared(routes: readonly RouteSamples[], declared: readonly string[]): RouteSamples[] {
  const unseen = declared.filter((name) => !routes.some((route) => route.name === name));
  const paired = routes.some(({ pairs }) => pairs !== null);
  const pairs = paired ? { count: 0, onlyMirrorFailed: 0, onlyLiveFailed: 0, slower: 0 } : null;
  return [
    ...routes.filter(({ name }) => name !== OTHER_ROUTES),
    ...unseen.map((name) => ({ name, live: emptyArm(), mirror: emptyArm(), blocks: [], pairs })),
    ...routes.filter(({ name }) => name === OTHER_ROUTES),
  ];
}

function toRoute({ name, live, mirror, blocks, pairs }: RouteSamples): EvidenceRoute {
  return { name, live: toArm(live), mirror: toArm(mirror), blocks, pairs };
}

function toArm(arm: ArmSamples): EvidenceArm {
  return {
    items: arm.items,
    errorItems: arm.errorItems,
    requests: arm.requests,
    errors: arm.errors,
    sumSquaredWeights: arm.sumSquaredWeights,
    successSumSquaredWeights: arm.successSumSquaredWeights,
    histogram: arm.histogram,
  };
}
