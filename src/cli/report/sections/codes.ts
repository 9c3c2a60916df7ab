import type { RecordedCodes } from '../../../core/evidence/record.ts';
import { count } from '../../../core/status/format.ts';
import { share } from '../figures.ts';
import { type Html, html } from '../html.ts';
import type { ReportModel, RouteModel } from '../model.ts';
import { table } from './parts.ts';

/** Result codes of both versions side by side, with their shares as bars. */
export function codesTable({ record, sum }: ReportModel, route: RouteModel): Html {
  const isSum = route === sum && record.resultCodes.length > 1;
  const recorded = record.resultCodes.filter((each) => isSum || each.route === route.name);
  const live = summed(recorded.map((codes) => codes.live));
  const mirror = summed(recorded.map((codes) => codes.mirror));
  const names = [...new Set([...live.keys(), ...mirror.keys()])].sort();
  if (names.length === 0) return html`<p class="empty">No result codes are recorded for this route.</p>`;
  const [ofLive, ofMirror] = [sharesOf(live), sharesOf(mirror)];
  const head = html`<tr><th>Code</th><th>Live</th><th>Candidate</th><th class="wide">Shares: live filled, candidate outlined</th></tr>`;
  const rows = names.map((code) => {
    const [from, to] = [ofLive(code), ofMirror(code)];
    const words = `${code}: live ${share(from)}, candidate ${share(to)}`;
    return html`<tr><th scope="row">${code}</th><td>${count(live.get(code) ?? 0)}<small>${share(from)}</small></td><td>${count(mirror.get(code) ?? 0)}<small>${share(to)}</small></td><td><svg class="plot" width="100%" height="30" role="img" aria-label="${words}"><rect class="bar-live" y="3" height="10" width="${width(from)}%"/><rect class="bar-mirror" x="1" y="17" height="10" width="${width(to)}%"/></svg></td></tr>`;
  });
  return table('Result codes', head, rows, 'numbers');
}

/** Room is left for the outline. */
function width(percent: number | null): string {
  return (0.98 * (percent ?? 0)).toFixed(2);
}

/** A Map, because the codes come from outside and may have the names of an object's own properties. */
function summed(arms: readonly RecordedCodes['live'][]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const arm of arms) {
    for (const [code, weight] of Object.entries(arm)) sums.set(code, (sums.get(code) ?? 0) + weight);
  }
  return sums;
}

/** The share of a code in percent; null where the version has no request. */
function sharesOf(weights: ReadonlyMap<string, number>): (code: string) => number | null {
  const whole = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  return (code) => (whole > 0 ? (100 * (weights.get(code) ?? 0)) / whole : null);
}
