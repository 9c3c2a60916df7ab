import { LOWEST_BUCKET } from '../stats/histogram.ts';
import type { EvidenceArm } from '../verdict/evidence.ts';
import { type AnswerTable, type CellReader, COUNT, column, FLAG, INTEGER_OR_NULL, SamplesError } from './table.ts';

/** What both versions did in one slice of the window, per route by position; the last is everything that has no place. */
export type TraceSlice = readonly { readonly live: EvidenceArm; readonly mirror: EvidenceArm }[];

/** How the samples of a window grew: one entry a slice, in order, those without requests too. */
export interface TraceSamples {
  /** Names of the first positions of each slice. */
  readonly routes: readonly string[];
  readonly sliceSeconds: number;
  readonly slices: readonly TraceSlice[];
}

/**
 * Reads the rows of `traceQuery`.
 * @param asked the names that were asked for, the length of a slice and how many there are
 * @throws SamplesError
 */
export function readTraceSlices(
  table: AnswerTable,
  asked: { readonly routes: readonly string[]; readonly sliceSeconds: number; readonly slices: number },
): TraceSamples {
  const slices = Array.from({ length: asked.slices }, () =>
    Array.from({ length: asked.routes.length + 1 }, () => ({ live: empty(), mirror: empty() })),
  );
  const read = cellReader(table);
  for (const row of table.rows) {
    const cell = read(row);
    const route = slices[cell.slice]?.[cell.route];
    if (route === undefined) {
      throw new SamplesError(`the answer for the trace has route ${cell.route} in slice ${cell.slice}`);
    }
    add(cell.live ? route.live : route.mirror, cell);
  }
  return { routes: asked.routes, sliceSeconds: asked.sliceSeconds, slices };
}

interface Cell {
  readonly route: number;
  readonly slice: number;
  readonly live: boolean;
  readonly bucket: number | null;
  readonly items: number;
  readonly requests: number;
  readonly squaredWeights: number;
}

function cellReader(table: AnswerTable): CellReader<Cell> {
  const answer = 'the trace';
  const route = column(table, answer, 'Route', COUNT);
  const slice = column(table, answer, 'Slice', COUNT);
  const live = column(table, answer, 'Live', FLAG);
  const bucket = column(table, answer, 'Bucket', INTEGER_OR_NULL);
  const items = column(table, answer, 'Items', COUNT);
  const requests = column(table, answer, 'Requests', COUNT);
  const squaredWeights = column(table, answer, 'SquaredWeights', COUNT);
  return (row) => {
    const cell = {
      route: route(row),
      slice: slice(row),
      live: live(row),
      bucket: bucket(row),
      items: items(row),
      requests: requests(row),
      squaredWeights: squaredWeights(row),
    };
    if (cell.bucket !== null && cell.bucket < LOWEST_BUCKET) {
      throw new SamplesError(`the answer for the trace has the bucket ${cell.bucket}`);
    }
    return cell;
  };
}

type ArmSum = { -readonly [K in keyof EvidenceArm]: EvidenceArm[K] } & { histogram: Record<string, number> };

function empty(): ArmSum {
  return {
    items: 0,
    errorItems: 0,
    requests: 0,
    errors: 0,
    sumSquaredWeights: 0,
    successSumSquaredWeights: 0,
    histogram: {},
  };
}

function add(arm: ArmSum, { bucket, items, requests, squaredWeights }: Cell): void {
  arm.items += items;
  arm.requests += requests;
  arm.sumSquaredWeights += squaredWeights;
  if (bucket === null) {
    arm.errorItems += items;
    arm.errors += requests;
    return;
  }
  arm.successSumSquaredWeights += squaredWeights;
  arm.histogram[bucket] = (arm.histogram[bucket] ?? 0) + requests;
}
