interface Point {
  readonly x: number;
  readonly y: number;
}

const INVISIBLE = 0.4; // of 100: half a pixel, a quarter of the line's width

/**
 * The path of a line through values at equal steps, in a box of 1000 × 100 with 0 at the bottom; `most` is its top.
 * Stretches on the ground are left out, and points without which the line looks the same. Filled, it is the area below.
 */
export function curvePath(values: Float64Array, most: number): string {
  return stretches(values, most).map(pathOf).join('');
}

/** Each stretch off the ground, from the ground to the ground. */
function stretches(values: Float64Array, most: number): Point[][] {
  const heights = [...values].map((value) => (value < 0.002 * most ? 0 : (100 * value) / most));
  const found: Point[][] = [];
  let current: Point[] | undefined;
  heights.forEach((height, index) => {
    const point = { x: Math.round((1000 * index) / (heights.length - 1)), y: round(100 - height) };
    if (height === 0 && (heights[index + 1] ?? 0) === 0) {
      current?.push(point);
      current = undefined;
      return;
    }
    if (current === undefined) {
      current = [];
      found.push(current);
      if (height > 0) current.push({ ...point, y: 100 });
    }
    current.push(point);
  });
  const last = current?.at(-1);
  if (last !== undefined && last.y < 100) current?.push({ ...last, y: 100 });
  return found;
}

function pathOf(points: readonly Point[]): string {
  const [first, ...rest] = simplified(points);
  if (first === undefined) return '';
  let { x, y } = first;
  let path = `M${x} ${y}`;
  for (const point of rest) {
    const [dx, dy] = [round(point.x - x), round(point.y - y)];
    path += `l${dx}${dy < 0 ? '' : ' '}${dy}`;
    x = round(x + dx);
    y = round(y + dy);
  }
  return path;
}

/** Douglas and Peucker's: the points from which a straight line would be seen to differ. */
function simplified(points: readonly Point[]): readonly Point[] {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || points.length < 3) return points;
  let farthest = 0;
  let most = 0;
  points.forEach(({ x, y }, index) => {
    const part = last.x > first.x ? (x - first.x) / (last.x - first.x) : 0;
    const distance = Math.abs(y - (first.y + part * (last.y - first.y)));
    if (distance > most) [farthest, most] = [index, distance];
  });
  if (most <= INVISIBLE || farthest === 0 || farthest === points.length - 1) return [first, last];
  return [...simplified(points.slice(0, farthest + 1)).slice(0, -1), ...simplified(points.slice(farthest))];
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
