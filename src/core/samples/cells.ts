import { KEPT_ROUTES, LONGEST_NAME, OTHER_ROUTES } from '../query/routes.ts';
import { LOWEST_BUCKET } from '../stats/histogram.ts';
import { ALL_ROUTES } from '../verdict/evidence.ts';
import type { ArmSamples, RouteSamples } from './samples.ts';
import {
  AMOUNT,
  type AnswerTable,
  BUCKET_COUNTS,
  type BucketCount,
  COUNT,
  column,
  FLAG,
  SamplesError,
  TEXT,
} from './table.ts';

/** A route of the first answer; its position in the list is its number in the later ones. */
export type RouteCells = Pick<RouteSamples, 'name' | 'live' | 'mirror'>;

/**
 * Adds the rows of `cellsQuery` up to arms.
 * @returns routes in the order of their first live request (ties: by name), `(other)` last
 * @throws SamplesError
 */
export function readCells(table: AnswerTable): RouteCells[] {
  const routes = new Map<string, RouteSum>();
  for (const cell of cellsOf(table)) {
    const route = routes.get(cell.route) ?? { first: Number.POSITIVE_INFINITY, live: emptySum(), mirror: emptySum() };
    routes.set(cell.route, route);
    if (cell.live) route.first = Math.min(route.first, cell.first);
    add(cell.live ? route.live : route.mirror, cell);
  }
  const ordered = [...routes].sort(byFirstLiveRequest);
  refuseImpossible(ordered);
  return ordered.map(([name, { live, mirror }]) => ({ name, live: toArm(live), mirror: toArm(mirror) }));
}

/** An arm without telemetry. */
export function emptyArm(): ArmSamples {
  return toArm(emptySum());
}

interface Cell {
  readonly route: string;
  readonly live: boolean;
  readonly code: string;
  readonly ok: boolean;
  readonly first: number;
  readonly items: number;
  readonly requests: number;
  readonly squaredWeights: number;
  readonly sumMs: number;
  readonly sumMs2: number;
  /** Requests by bucket; empty where the rows are failed ones. */
  readonly buckets: readonly BucketCount[];
}

type Totals = { -readonly [K in keyof ArmSamples as ArmSamples[K] extends number ? K : never]: number };
type ArmSum = Totals & { readonly buckets: Map<number, number>; readonly codes: Map<string, number> };
interface RouteSum {
  first: number;
  readonly live: ArmSum;
  readonly mirror: ArmSum;
}

function cellsOf(table: AnswerTable): Cell[] {
  const answer = 'sums';
  const ok = column(table, answer, 'Ok', FLAG);
  const route = column(table, answer, 'Route', TEXT);
  const live = column(table, answer, 'Live', FLAG);
  const code = column(table, answer, 'Code', TEXT);
  const first = column(table, answer, 'First', AMOUNT);
  const items = column(table, answer, 'Items', COUNT);
  const requests = column(table, answer, 'Requests', COUNT);
  const squaredWeights = column(table, answer, 'SquaredWeights', COUNT);
  const sumMs = column(table, answer, 'SumMs', AMOUNT);
  const sumMs2 = column(table, answer, 'SumMs2', AMOUNT);
  const buckets = column(table, answer, 'Buckets', BUCKET_COUNTS);
  return table.rows.map((row) => {
    const cell = {
      route: route(row),
      live: live(row),
      code: code(row),
      ok: ok(row),
      first: first(row),
      items: items(row),
      requests: requests(row),
      squaredWeights: squaredWeights(row),
      sumMs: sumMs(row),
      sumMs2: sumMs2(row),
      buckets: buckets(row),
    };
    refuseImpossibleCell(cell);
    return cell;
  });
}

function refuseImpossibleCell({ ok, items, requests, squaredWeights, sumMs, sumMs2, buckets }: Cell): void {
  const strange = buckets.find(([bucket]) => bucket < LOWEST_BUCKET || bucket > HIGHEST_BUCKET);
  if (strange !== undefined) throw new SamplesError(`the answer for sums has rows in the bucket ${strange[0]}`);
  const inBuckets = buckets.reduce((sum, [, count]) => sum + count, 0);
  if (inBuckets !== (ok ? requests : 0)) {
    const kind = ok ? 'successful' : 'failed';
    throw new SamplesError(
      `the answer for sums has ${requests} ${kind} requests, of which ${inBuckets} are in buckets`,
    );
  }
  if (sumMs > requests * LONGEST * SLACK || sumMs2 > requests * LONGEST ** 2 * SLACK) {
    throw new SamplesError(`the answer for sums has ${requests} requests that took ${sumMs} ms, longer than any can`);
  }
  // Every weight is at least 1, therefore w² >= w >= 1.
  if (items === 0 || requests < items || squaredWeights < requests) {
    throw new SamplesError(
      `the answer for sums has ${items} rows for ${requests} requests with a sum of squares of ${squaredWeights}`,
    );
  }
}

/** Milliseconds of 1,000 days, the longest duration that is asked for, and its bucket. */
const LONGEST = 86_400_000_000;
const HIGHEST_BUCKET = 1272;
/** For sums that were rounded at every step. */
const SLACK = 1.001;

function emptySum(): ArmSum {
  return {
    items: 0,
    errorItems: 0,
    requests: 0,
    errors: 0,
    sumSquaredWeights: 0,
    successSumSquaredWeights: 0,
    sumMilliseconds: 0,
    sumSquaredMilliseconds: 0,
    buckets: new Map(),
    codes: new Map(),
  };
}

function add(arm: ArmSum, cell: Cell): void {
  arm.items += cell.items;
  arm.requests += cell.requests;
  arm.sumSquaredWeights += cell.squaredWeights;
  arm.codes.set(cell.code, (arm.codes.get(cell.code) ?? 0) + cell.requests);
  if (!cell.ok) {
    arm.errorItems += cell.items;
    arm.errors += cell.requests;
    return;
  }
  arm.successSumSquaredWeights += cell.squaredWeights;
  arm.sumMilliseconds += cell.sumMs;
  arm.sumSquaredMilliseconds += cell.sumMs2;
  for (const [bucket, requests] of cell.buckets) {
    arm.buckets.set(bucket, (arm.buckets.get(bucket) ?? 0) + requests);
  }
}

/** Ordered keys, so that the same telemetry gives the same bytes, whatever the order of the answer. */
function toArm({ buckets, codes, ...totals }: ArmSum): ArmSamples {
  return {
    ...totals,
    histogram: Object.fromEntries([...buckets].sort(([a], [b]) => a - b)),
    resultCodes: Object.fromEntries([...codes].sort(([a], [b]) => compareText(a, b))),
  };
}

function byFirstLiveRequest([nameA, a]: [string, RouteSum], [nameB, b]: [string, RouteSum]): number {
  if (nameA === OTHER_ROUTES || nameB === OTHER_ROUTES) return nameA === OTHER_ROUTES ? 1 : -1;
  return a.first === b.first ? compareText(nameA, nameB) : a.first - b.first;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function refuseImpossible(ordered: readonly [string, RouteSum][]): void {
  const named = ordered.filter(([name]) => name !== OTHER_ROUTES);
  if (named.length > KEPT_ROUTES) {
    throw new SamplesError(`the answer for sums has ${named.length} routes; ${KEPT_ROUTES} were asked for`);
  }
  const unasked = named.find(([name]) => name === '' || name === ALL_ROUTES || [...name].length > LONGEST_NAME);
  if (unasked !== undefined) {
    const shown = JSON.stringify(unasked[0].slice(0, 80));
    throw new SamplesError(`the answer for sums has a route of the name ${shown}, which was not asked for`);
  }
  const excessive = ordered.find(([, { live, mirror }]) => [live, mirror].some((arm) => !isCountable(arm)));
  if (excessive !== undefined) {
    throw new SamplesError(`the answer for sums counts more than 2^53 requests of ${JSON.stringify(excessive[0])}`);
  }
  const strange = named.find(([, { live }]) => live.items === 0);
  if (strange !== undefined) {
    throw new SamplesError(`the answer for sums has the route ${JSON.stringify(strange[0])}, which live never served`);
  }
}

function isCountable({ items, requests, sumSquaredWeights }: ArmSum): boolean {
  return [items, requests, sumSquaredWeights].every(Number.isSafeInteger);
}
