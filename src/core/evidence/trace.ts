import { OTHER_ROUTES } from '../query/routes.ts';
import type { TraceSamples, TraceSlice } from '../samples/traceSlices.ts';
import { evaluate } from '../verdict/evaluate.ts';
import type { Evaluation, GateEvaluation } from '../verdict/evaluation.ts';
import {
  ALL_ROUTES,
  type EvidenceArm,
  type EvidenceBlock,
  type EvidenceDocument,
  type EvidenceRoute,
} from '../verdict/evidence.ts';
import { sumRoutes } from '../verdict/sumRoutes.ts';
import type { EvidenceTrace, GateTrace } from './record.ts';

/** Routes that are traced on their own; the others are a part of the sum. */
const TRACED_ROUTES = 4;

/** The routes worth a trace: those with the most evidence in either direction. The sum is always traced. */
export function tracedRoutes({ routes }: Evaluation): readonly string[] {
  const weight = (gates: readonly GateEvaluation[]): number =>
    Math.max(...gates.map(({ logEvidenceFail, threshold }) => logEvidenceFail - threshold));
  return routes
    .filter(({ name }) => name !== ALL_ROUTES && name !== OTHER_ROUTES)
    .toSorted((a, b) => weight(b.gates) - weight(a.gates))
    .slice(0, TRACED_ROUTES)
    .map(({ name }) => name);
}

/**
 * The evidence as it was at the end of each slice. The last point is the document's own; the points before know no pairs,
 * and count the noise of their blocks by live's percentile over the whole window.
 */
export function traceOf(document: EvidenceDocument, samples: TraceSamples): EvidenceTrace {
  const { slices, sliceSeconds } = samples;
  const whole = evaluate(document);
  const ends = slices.map((_, index) => Math.min((index + 1) * sliceSeconds, document.elapsedSeconds));
  const before = ends.slice(0, -1).map((end, index) => evaluate(upTo(document, samples, index + 1, end)));
  const points = [...before, whole];
  const names = [whole.routes[0]?.name, ...samples.routes].filter((name) => name !== undefined);
  const gates = [...new Set(names)].flatMap((route) => gatesOf(route, points, document.analysis.falseAlarmPercent));
  return { seconds: ends, gates };
}

function gatesOf(route: string, points: readonly Evaluation[], falseAlarmPercent: number): GateTrace[] {
  const find = (point: Evaluation | undefined) => point?.routes.find(({ name }) => name === route)?.gates ?? [];
  return find(points.at(-1)).map(({ gate, threshold }) => {
    const line = (value: (gate: GateEvaluation) => number) =>
      points.map((point) => {
        const found = find(point).find((each) => each.gate === gate);
        return found === undefined ? 0 : round(value(found));
      });
    return {
      route,
      gate,
      logEvidenceFail: line(({ logEvidenceFail }) => logEvidenceFail),
      logEvidencePass: line(({ logEvidencePass }) => logEvidencePass),
      thresholds: {
        fail: round(threshold),
        pass: gate === 'coverage' ? null : round(Math.log(100 / falseAlarmPercent)),
      },
    };
  });
}

/** The document as it would have been `seconds` after the window's start. */
function upTo(document: EvidenceDocument, samples: TraceSamples, count: number, seconds: number): EvidenceDocument {
  const rest = document.routes.filter(({ name }) => !samples.routes.includes(name));
  const at = (position: number) => {
    const slices = samples.slices.slice(0, count);
    return { live: sum(slices, position, 'live'), mirror: sum(slices, position, 'mirror') };
  };
  const route = (name: string, blocks: readonly EvidenceBlock[], position: number): EvidenceRoute => ({
    name,
    ...at(position),
    blocks: blocks.filter(({ start }) => start < seconds),
    pairs: null,
  });
  const traced = samples.routes.flatMap((name, position) => {
    const found = document.routes.find((each) => each.name === name);
    return found === undefined ? [] : [route(name, found.blocks, position)];
  });
  const others = rest.length === 0 ? [] : [route(OTHER_ROUTES, sumRoutes(rest).blocks, samples.routes.length)];
  return { ...document, elapsedSeconds: seconds, deadline: false, routes: [...traced, ...others] };
}

function sum(slices: readonly TraceSlice[], position: number, version: 'live' | 'mirror'): EvidenceArm {
  const arms = slices.flatMap((slice) => slice[position]?.[version] ?? []);
  const total = (of: (arm: EvidenceArm) => number) => arms.reduce((so, arm) => so + of(arm), 0);
  const histogram: Record<string, number> = {};
  for (const arm of arms) {
    for (const [bucket, weight] of Object.entries(arm.histogram)) histogram[bucket] = (histogram[bucket] ?? 0) + weight;
  }
  return {
    items: total(({ items }) => items),
    errorItems: total(({ errorItems }) => errorItems),
    requests: total(({ requests }) => requests),
    errors: total(({ errors }) => errors),
    sumSquaredWeights: total(({ sumSquaredWeights }) => sumSquaredWeights),
    successSumSquaredWeights: total(({ successSumSquaredWeights }) => successSumSquaredWeights),
    histogram,
  };
}

/** More digits than a plot shows would only fill the ConfigMap. */
function round(value: number): number {
  return Number(value.toPrecision(6));
}
