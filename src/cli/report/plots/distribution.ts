import { type Histogram, histogramFrom, quantileOf } from '../../../core/stats/histogram.ts';
import type { EvidenceDocument, EvidenceRoute } from '../../../core/verdict/evidence.ts';
import { ms, rise } from '../figures.ts';
import { type Html, html } from '../html.ts';
import { type RouteModel, toleratedMilliseconds } from '../model.ts';
import { curvePath, round } from './curve.ts';
import { density } from './density.ts';
import { anchorOf, type LogScale, logScale } from './scale.ts';

const POINTS = { full: 161, brief: 61 };
const SPARK_POINTS = 33;
const CURVES = 130; // px
const AXIS = 24;
const ROW = 46;

interface Arms {
  readonly live: Histogram;
  readonly mirror: Histogram;
}

/**
 * Both latency distributions over each other on a logarithmic axis, and on the same axis each compared percentile: live,
 * candidate, the interval of the candidate's, and what is tolerated. As wide as its place; texts keep their size.
 */
export function distributionPlot(document: EvidenceDocument, route: RouteModel, id: string): Html {
  const arms = armsOf(route.evidence);
  const extent = extentOf(arms);
  if (extent === null)
    return html`<p class="empty">No version has a successful request, so that there is no latency to draw.</p>`;
  const rows = percentileRows(document, route);
  const values = rows
    .flatMap(({ live, candidate, tolerated }) => [live, candidate, tolerated])
    .filter((v) => v !== null);
  const scale = logScale(Math.min(extent.low, ...values), Math.max(extent.high, ...values));
  const height = CURVES + AXIS + ROW * rows.length;
  return html`<svg class="plot" role="img" width="100%" height="${height}" aria-labelledby="${id}-t ${id}-d">
<title id="${id}-t">Latency distributions of ${route.title}</title>
<desc id="${id}-d">${describe(arms, rows)}</desc>
<svg width="100%" height="${height}" viewBox="0 0 1000 1" preserveAspectRatio="none" aria-hidden="true"><path class="grid" d="${scale.ticks.map(({ at }) => `M${Math.round(10 * at)} 0V1`).join('')}"/></svg>
${curves(arms, scale, POINTS[route.detail], CURVES)}
<line class="axis" x2="100%" y1="${CURVES}" y2="${CURVES}"/>
${scale.ticks.map((tick) => html`<text class="tick" x="${round(tick.at)}%" y="${CURVES + 16}" text-anchor="${anchorOf(tick)}">${tick.label}</text>`)}
${rows.map((row, index) => percentileRow(row, scale, CURVES + AXIS + ROW * index))}
</svg>`;
}

/** The same two curves, small and without axis, for a row of a table. */
export function distributionSpark(evidence: EvidenceRoute, low: number, high: number, words: string): Html {
  const arms = armsOf(evidence);
  return html`<svg class="spark" role="img" width="120" height="26" aria-label="${words}">${curves(arms, logScale(low, high), SPARK_POINTS, 26)}</svg>`;
}

/** Least and largest latency of either version, in ms; null without a success. */
export function latencyExtent(evidence: EvidenceRoute): { readonly low: number; readonly high: number } | null {
  return extentOf(armsOf(evidence));
}

function armsOf({ live, mirror }: EvidenceRoute): Arms {
  return {
    live: histogramFrom(live.histogram, live.successSumSquaredWeights),
    mirror: histogramFrom(mirror.histogram, mirror.successSumSquaredWeights),
  };
}

function extentOf({ live, mirror }: Arms): { low: number; high: number } | null {
  const ends = [live, mirror].flatMap((arm) => [quantileOf(arm, 0), quantileOf(arm, 1)]).filter((v) => v !== null);
  return ends.length === 0 ? null : { low: Math.min(...ends), high: Math.max(...ends) };
}

function curves({ live, mirror }: Arms, { low, high }: LogScale, points: number, height: number): Html {
  const liveValues = density(live, low, high, points);
  const mirrorValues = density(mirror, low, high, points);
  const most = 1.05 * Math.max(...liveValues, ...mirrorValues);
  return html`<svg width="100%" height="${height}" viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true"><path class="line-live area" d="${curvePath(liveValues, most)}"/><path class="line-mirror" d="${curvePath(mirrorValues, most)}"/></svg>`;
}

interface PercentileRow {
  readonly percentile: number;
  readonly live: number | null;
  readonly candidate: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly tolerated: number | null;
}

function percentileRows(document: EvidenceDocument, { intervals }: RouteModel): PercentileRow[] {
  return intervals.latency.map(({ percentile, liveMilliseconds: live, mirrorMilliseconds, deltaInterval }) => {
    const bound = (delta: number | null) => (live === null || delta === null ? null : live + delta);
    return {
      percentile,
      live,
      candidate: mirrorMilliseconds,
      lower: bound(deltaInterval.lower),
      upper: bound(deltaInterval.upper),
      tolerated: live === null ? null : toleratedMilliseconds(document, percentile, live),
    };
  });
}

/** A line of text, and below it the marks, so that no label can meet another. */
function percentileRow(row: PercentileRow, scale: LogScale, top: number): Html {
  const { live, candidate, lower, upper, tolerated } = row;
  const y = top + 32;
  const at = (value: number) => `${round(scale.at(value))}%`;
  const from = lower !== null && lower > 0 ? at(lower) : '0%';
  const to = upper !== null ? at(upper) : '100%';
  const hasInterval = (lower !== null || upper !== null) && (upper === null || upper > 0);
  return html`<text class="label" x="0" y="${top + 16}"><tspan class="strong">p${row.percentile}</tspan> ${ms(live)} → ${ms(candidate)}${tolerated !== null && html` <tspan class="quiet">(tolerated up to ${ms(tolerated)})</tspan>`}</text>
<line class="track" x2="100%" y1="${y}" y2="${y}"/>
${live !== null && tolerated !== null && html`<rect class="tolerance" x="${at(live)}" width="${round(scale.at(tolerated) - scale.at(live))}%" y="${y - 6}" height="12"/><line class="limit" x1="${at(tolerated)}" x2="${at(tolerated)}" y1="${y - 9}" y2="${y + 9}"/>`}
${candidate !== null && hasInterval && html`<line class="interval" x1="${from}" x2="${to}" y1="${y}" y2="${y}"/>`}
${live !== null && html`<use href="#mark-live" x="${at(live)}" y="${y}"/>`}
${candidate !== null && html`<use href="#mark-mirror" x="${at(candidate)}" y="${y}"/>`}`;
}

function describe({ live, mirror }: Arms, rows: readonly PercentileRow[]): string {
  const range = (arm: Histogram, name: string) =>
    arm.total === 0
      ? `${name} has no successful request.`
      : `${name}: half of the successful requests took ${ms(quantileOf(arm, 0.25))} to ${ms(quantileOf(arm, 0.75))}, all of them ${ms(quantileOf(arm, 0))} to ${ms(quantileOf(arm, 1))}.`;
  const percentiles = rows.map(({ percentile, live: from, candidate: to, tolerated }) => {
    const change = from === null || to === null ? '' : `, ${rise(to - from)}`;
    const limit = tolerated === null ? '' : `; tolerated up to ${ms(tolerated)}`;
    return `p${percentile}: live ${ms(from)}, candidate ${ms(to)}${change}${limit}.`;
  });
  return [range(live, 'Live'), range(mirror, 'Candidate'), ...percentiles].join(' ');
}
