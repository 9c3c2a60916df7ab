import { histogramFrom, quantileOf } from '../../../core/stats/histogram.ts';
import { ms, rise } from '../figures.ts';
import { gateFigures } from '../gateFigures.ts';
import { type Html, html } from '../html.ts';
import type { ReportModel, RouteModel } from '../model.ts';
import { distributionPlot } from '../plots/distribution.ts';
import { codesTable } from './codes.ts';
import { evidenceBody } from './evidence.ts';
import { distributionLegend } from './legend.ts';
import { chip, table } from './parts.ts';

/** Everything about one route. `id` is unique in the page. */
export function routeBody(model: ReportModel, route: RouteModel, id: string): Html {
  return html`<div class="pair"><div>
<h4>Latency of successful requests</h4>
${distributionLegend(route.detail === 'full')}
${distributionPlot(model.evidence, route, id)}
${distributionTable(route)}
</div><div>
<h4>Gates</h4>
${gateTable(model, route)}
<h4>Result codes</h4>
${codesTable(model, route)}
</div></div>
<h4>Evidence over time</h4>
${evidenceBody(model, route)}`;
}

function gateTable({ evidence }: ReportModel, route: RouteModel): Html {
  const head = html`<tr><th>Gate</th><th>Live</th><th>Candidate</th><th>Change</th><th>Tolerated</th></tr>`;
  const rows = route.evaluation.gates.map((gate) => {
    const { live, candidate, change, interval, tolerated, limit } = gateFigures(evidence, route, gate);
    return html`<tr${gate.verdict === 'Fail' && html` class="out"`}><th scope="row">${gate.gate}<br>${chip(gate.verdict)}</th><td>${live}</td><td>${candidate}</td><td>${change}${small(interval)}</td><td>${tolerated}${small(limit)}</td></tr>`;
  });
  return table('Gates', head, rows, 'numbers');
}

function small(text: string): Html | null {
  return text === '' ? null : html`<small>${text}</small>`;
}

const PERCENTILES: Readonly<Record<RouteModel['detail'], readonly number[]>> = {
  full: [0, 1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9, 100],
  brief: [0, 25, 50, 75, 95, 99, 100],
};

/** What the distribution plot shows, in figures. */
function distributionTable({ evidence: { live, mirror }, detail }: RouteModel): Html {
  const [a, b] = [histogramFrom(live.histogram), histogramFrom(mirror.histogram)];
  const head = html`<tr><th>Percentile</th><th>Live</th><th>Candidate</th><th>Change</th></tr>`;
  const rows = PERCENTILES[detail].map((p) => {
    const [from, to] = [quantileOf(a, p / 100), quantileOf(b, p / 100)];
    const name = p === 0 ? 'least' : p === 100 ? 'most' : `p${p}`;
    return html`<tr><th scope="row">${name}</th><td>${ms(from)}</td><td>${ms(to)}</td><td>${rise(from === null || to === null ? null : to - from)}</td></tr>`;
  });
  return html`<details><summary>Distribution in figures</summary><div class="body">${table('Percentiles', head, rows, 'numbers')}</div></details>`;
}
