/**
 * The path of a line through values at equal steps, in a box of 1000 × 100 with 0 at the bottom; `most` is its top.
 * Stretches on the ground are left out.
 */
export function linePath(values: Float64Array, most: number): string {
  return stretches(values, most)
    .map((points) => `M${points.join('L')}`)
    .join('');
}

/** The area under such a line. */
export function areaPath(values: Float64Array, most: number): string {
  return stretches(values, most)
    .map((points) => `M${points.join('L')}Z`)
    .join('');
}

/** Points "x y" of each stretch off the ground, from the ground to the ground. */
function stretches(values: Float64Array, most: number): string[][] {
  // A fifth of a pixel is nothing to see and would cost a point.
  const heights = [...values].map((value) => (value < 0.002 * most ? 0 : (100 * value) / most));
  const found: string[][] = [];
  let current: string[] | undefined;
  heights.forEach((height, index) => {
    const x = Math.round((1000 * index) / (heights.length - 1));
    if (height === 0 && (heights[index + 1] ?? 0) === 0) {
      current?.push(`${x} 100`);
      current = undefined;
      return;
    }
    if (current === undefined) {
      current = [];
      found.push(current);
    }
    current.push(`${x} ${round(100 - height)}`);
  });
  return found;
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
