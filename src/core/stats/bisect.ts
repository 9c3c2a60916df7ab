/**
 * The last point, from `from` towards `to`, at which `holds` is known to be true; null when it is false at `from`.
 * `holds` changes once between the two, from true to false. Halves the distance `steps` times, or until it is `resolution`.
 */
export function bisect(
  holds: (x: number) => boolean,
  from: number,
  to: number,
  steps: number,
  resolution = 0,
): number | null {
  if (!holds(from)) return null;
  let known = from;
  let open = to;
  for (let step = 0; step < steps && Math.abs(open - known) > resolution; step++) {
    const middle = 0.5 * (known + open);
    if (holds(middle)) known = middle;
    else open = middle;
  }
  return known;
}
