export interface Tick {
  /** Position in percent of the width. */
  readonly at: number;
  readonly label: string;
}

/** A logarithmic axis of durations. Positions are in percent, so that a plot may have any width. */
export interface LogScale {
  readonly low: number;
  readonly high: number;
  readonly at: (milliseconds: number) => number;
  readonly ticks: readonly Tick[];
}

const LEAST_WIDTH = 280; // px: of a plot on a phone, where labels must still be apart
const CHARACTER = 7; // px, at most, in labels of 11.5 px
const GAP = 6;
const NARROWEST = 6; // as a factor: so that there are always ticks
const MARGIN = 0.03; // of the axis, so that marks at its ends are whole

/** An axis that holds both durations, in milliseconds above 0. */
export function logScale(least: number, most: number): LogScale {
  const widen = Math.max(1, Math.sqrt(NARROWEST / (most / least)));
  const margin = ((most / least) * widen * widen) ** MARGIN;
  const low = least / widen / margin;
  const high = most * widen * margin;
  const at = (value: number) => {
    const position = (100 * Math.log(value / low)) / Math.log(high / low);
    return Math.min(100, Math.max(0, position));
  };
  const steps = [[1, 2, 5], [1, 3], [1]].map((mantissas) => inside(mantissas, low, high));
  const decades = steps[2] ?? [];
  const thinned = [2, 3, 4].map((every) => decades.filter((_, index) => index % every === 0));
  const candidates = [...steps, ...thinned].map((values) =>
    values.map((value) => ({ at: at(value), label: tickLabel(value) })),
  );
  return { low, high, at, ticks: candidates.find(areApart) ?? [] };
}

function inside(mantissas: readonly number[], low: number, high: number): number[] {
  const values: number[] = [];
  for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.ceil(Math.log10(high)); exponent++) {
    for (const mantissa of mantissas) {
      const value = mantissa * 10 ** exponent;
      if (value >= low && value <= high) values.push(value);
    }
  }
  return values;
}

/** Where a label stands to its position, so that it stays inside the plot. */
export function anchorOf({ at }: Tick): 'start' | 'middle' | 'end' {
  if (at < 8) return 'start';
  return at > 92 ? 'end' : 'middle';
}

function areApart(ticks: readonly Tick[]): boolean {
  const boxes = ticks.map((tick) => {
    const width = tick.label.length * CHARACTER;
    const shift = { start: 0, middle: width / 2, end: width }[anchorOf(tick)];
    const left = (tick.at * LEAST_WIDTH) / 100 - shift;
    return { left, right: left + width };
  });
  return boxes.slice(1).every(({ left }, index) => left - (boxes[index]?.right ?? 0) >= GAP);
}

/** 0.5 ms, 20 ms, 1 s, 20 s: round values only. */
function tickLabel(value: number): string {
  const seconds = value >= 1000;
  return `${Number((seconds ? value / 1000 : value).toPrecision(1))}\u00a0${seconds ? 's' : 'ms'}`;
}
