/** A function of a ≥ 0 that is the sum of two terms, one rising and one falling, each through a share of its own. */
export interface MonotoneSum {
  /** Ascending, from 0 to ∞. Between neighbours both shares are linear: the first in ln a, the second in its position. */
  readonly candidates: Float64Array;
  readonly firstShare: (a: number) => number;
  readonly secondShare: (a: number) => number;
  readonly secondPosition: (a: number) => number;
  readonly first: (share: number) => number;
  readonly second: (share: number) => number;
  /** True: the first term rises with a and the second falls; false: the other way round. */
  readonly firstRises: boolean;
}

interface Point {
  readonly firstShare: number;
  readonly secondShare: number;
  readonly first: number;
  readonly second: number;
}

interface Segment {
  readonly index: number;
  readonly left: Point;
  readonly right: Point;
  readonly bound: number;
}

const INVERSE_GOLDEN = (Math.sqrt(5) - 1) / 2;
const GOLDEN_STEPS = 40;
const PRECISION = 1e-11;

/**
 * The minimum over all a. Branch and bound: on an interval the sum is at least (rising term at its left end + falling
 * term at its right end), so an interval whose bound is not below the best value so far cannot hold the minimum and is
 * left out; the result is that of visiting every candidate. Segments between neighbours that could win are searched by
 * golden section: with the edges alone, buckets are wider than the standard error at large n and the minimum too high.
 * @param enough stop as soon as the minimum is known to be below this; the value returned is then only an upper bound
 */
export function minimumOf(sum: MonotoneSum, enough: number): number {
  const { candidates } = sum;
  const open: Segment[] = [];
  let best = Number.POSITIVE_INFINITY;

  const visit = (index: number): Point => {
    const a = candidates[index] as number;
    const firstShare = sum.firstShare(a);
    const secondShare = sum.secondShare(a);
    const point = { firstShare, secondShare, first: sum.first(firstShare), second: sum.second(secondShare) };
    best = Math.min(best, point.first + point.second);
    return point;
  };

  const descend = (from: number, left: Point, to: number, right: Point): void => {
    const bound = boundOf(sum.firstRises, left, right);
    if (bound >= best || best < enough) return;
    if (to - from === 1) {
      open.push({ index: from, left, right, bound });
      return;
    }
    const middle = (from + to) >> 1;
    const point = visit(middle);
    if (boundOf(sum.firstRises, left, point) <= boundOf(sum.firstRises, point, right)) {
      descend(from, left, middle, point);
      descend(middle, point, to, right);
    } else {
      descend(middle, point, to, right);
      descend(from, left, middle, point);
    }
  };

  const last = candidates.length - 1;
  descend(0, visit(0), last, visit(last));
  open.sort((a, b) => a.bound - b.bound);
  for (const segment of open) {
    if (segment.bound >= best || best < enough) break;
    best = refine(sum, segment, best, enough);
  }
  return best;
}

function boundOf(firstRises: boolean, left: Point, right: Point): number {
  return firstRises ? left.first + right.second : right.first + left.second;
}

/** The smaller of `best` and the minimum inside one segment. */
function refine(sum: MonotoneSum, { index, left, right }: Segment, best: number, enough: number): number {
  const from = sum.candidates[index] as number;
  const to = sum.candidates[index + 1] as number;
  // with one share constant (as in both outermost segments) the other is monotone: the minimum is at an end, seen already
  if (from <= 0 || to === Number.POSITIVE_INFINITY) return best;
  if (left.firstShare === right.firstShare || left.secondShare === right.secondShare) return best;

  let low = Math.log(from);
  let high = Math.log(to);
  const start = low;
  const firstSlope = (right.firstShare - left.firstShare) / (high - low);
  const secondStart = sum.secondPosition(from);
  const secondSlope = (right.secondShare - left.secondShare) / (sum.secondPosition(to) - secondStart);
  const firstAt = (u: number): number => sum.first(left.firstShare + firstSlope * (u - start));
  const secondAt = (u: number): number =>
    sum.second(left.secondShare + secondSlope * (sum.secondPosition(Math.exp(u)) - secondStart));

  let { first: lowFirst, second: lowSecond } = left;
  let { first: highFirst, second: highSecond } = right;
  let a = high - INVERSE_GOLDEN * (high - low);
  let b = low + INVERSE_GOLDEN * (high - low);
  let aFirst = firstAt(a);
  let aSecond = secondAt(a);
  let bFirst = firstAt(b);
  let bSecond = secondAt(b);
  let smallest = Math.min(best, aFirst + aSecond, bFirst + bSecond);
  for (let step = 0; step < GOLDEN_STEPS; step++) {
    const bound = sum.firstRises ? lowFirst + highSecond : highFirst + lowSecond;
    if (bound >= smallest - PRECISION * Math.max(1, Math.abs(smallest)) || smallest < enough) break;
    if (aFirst + aSecond <= bFirst + bSecond) {
      high = b;
      highFirst = bFirst;
      highSecond = bSecond;
      b = a;
      bFirst = aFirst;
      bSecond = aSecond;
      a = high - INVERSE_GOLDEN * (high - low);
      aFirst = firstAt(a);
      aSecond = secondAt(a);
      smallest = Math.min(smallest, aFirst + aSecond);
    } else {
      low = a;
      lowFirst = aFirst;
      lowSecond = aSecond;
      a = b;
      aFirst = bFirst;
      aSecond = bSecond;
      b = low + INVERSE_GOLDEN * (high - low);
      bFirst = firstAt(b);
      bSecond = secondAt(b);
      smallest = Math.min(smallest, bFirst + bSecond);
    }
  }
  return smallest;
}
