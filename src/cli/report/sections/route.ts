import type { GateTrace, RecordedCodes } from '../../../core/evidence/record.ts';
import { histogramFrom, quantileOf } from '../../../core/stats/histogram.ts';
import { count, percent } from '../../../core/status/format.ts';
import type { GateEvaluation } from '../../../core/verdict/evaluation.ts';
import type { EvidenceRoute } from '../../../core/verdict/evidence.ts';
import { factor, ms, rise, share, span } from '../figures.ts';
import { gateFigures } from '../gateFigures.ts';
import { type Html, html } from '../html.ts';
import { needsProof, passThreshold, type ReportModel, type RouteModel } from '../model.ts';
import { distributionPlot } from '../plots/distribution.ts';
import { evidencePlot } from '../plots/evidencePlot.ts';
import { distributionLegend, evidenceLegend } from './legend.ts';
import { chip, table } from './parts.ts';

/** Everything about one route. `id` is unique in the page. */
export function routeBody(model: ReportModel, route: RouteModel, id: string): Html {
  return html`<div class="pair"><div>
<h4>Latency of successful requests</h4>
${distributionLegend()}
${distributionPlot(model.evidence, route, id)}
${distributionTable(route.evidence, route.title)}
</div><div>
<h4>Gates</h4>
${gateTable(model, route)}
<h4>Result codes</h4>
${codesTable(model, route)}
</div></div>
<h4>Evidence over time</h4>
${evidence(model, route)}`;
}

function gateTable({ evidence }: ReportModel, route: RouteModel): Html {
  const head = html`<tr><th>Gate</th><th class="n">Live</th><th class="n">Candidate</th><th class="n">Change</th><th class="n">Tolerated</th></tr>`;
  const rows = route.evaluation.gates.map((gate) => {
    const figures = gateFigures(evidence, route, gate);
    return html`<tr${gate.verdict === 'Fail' && html` class="out"`}><th scope="row">${gate.gate}<br>${chip(gate.verdict)}</th><td class="n">${figures.live}</td><td class="n">${figures.candidate}</td><td class="n">${figures.change}${figures.interval !== '' && html`<small>${figures.interval}</small>`}</td><td class="n">${figures.tolerated}${figures.limit !== '' && html`<small>${figures.limit}</small>`}</td></tr>`;
  });
  return table(`Gates of ${route.title}`, head, rows);
}

function codesTable({ record, sum }: ReportModel, route: RouteModel): Html {
  const codes =
    route === sum && record.resultCodes.length > 1
      ? summed(record.resultCodes)
      : record.resultCodes.find((each) => each.route === route.name);
  if (codes === undefined || (Object.keys(codes.live).length === 0 && Object.keys(codes.mirror).length === 0)) {
    return html`<p class="empty">No result codes are recorded for this route.</p>`;
  }
  const [live, mirror] = [total(codes.live), total(codes.mirror)];
  const names = [...new Set([...Object.keys(codes.live), ...Object.keys(codes.mirror)])].sort();
  const part = (weight: number | undefined, whole: number) => (whole > 0 ? (100 * (weight ?? 0)) / whole : null);
  const head = html`<tr><th>Code</th><th class="n">Live</th><th class="n">Candidate</th><th>Shares: live filled, candidate outlined</th></tr>`;
  const rows = names.map((code) => {
    const [ofLive, ofMirror] = [part(codes.live[code], live), part(codes.mirror[code], mirror)];
    return html`<tr><th scope="row">${code}</th><td class="n">${count(codes.live[code] ?? 0)}<small>${share(ofLive)}</small></td><td class="n">${count(codes.mirror[code] ?? 0)}<small>${share(ofMirror)}</small></td><td><svg class="plot" width="100%" height="30" role="img" aria-label="${code}: live ${share(ofLive)}, candidate ${share(ofMirror)}"><rect class="bar-live" y="3" height="10" width="${percent(ofLive ?? 0)}%"/><rect class="bar-mirror" x="1" y="17" height="10" width="${percent(0.98 * (ofMirror ?? 0))}%"/></svg></td></tr>`;
  });
  return table(`Result codes of ${route.title}`, head, rows);
}

function evidence(model: ReportModel, route: RouteModel): Html {
  const { record } = model;
  const traces = record.trace?.gates.filter((each) => each.route === route.name) ?? [];
  const seconds = record.trace?.seconds ?? [];
  const head = html`<tr><th>Gate</th><th class="n">Towards a Fail</th><th class="n">needs</th><th class="n">Towards a Pass</th><th class="n">needs</th><th class="n">Effective requests<br>live, candidate</th><th class="n">Noise<br>between intervals</th></tr>`;
  const rows = route.evaluation.gates.map((gate) => evidenceRow(model, gate));
  return html`${
    traces.length > 0 &&
    html`${evidenceLegend()}<div class="gates">${route.evaluation.gates.map((gate) => {
      const trace = traces.find((each) => each.gate === gate.gate);
      return trace === undefined
        ? null
        : html`<figure>${evidencePlot(trace, seconds, route.title)}<figcaption><strong>${gate.gate}</strong> ${chip(gate.verdict)}<br>${caption(trace)}</figcaption></figure>`;
    })}</div>`
  }
<details><summary>Evidence in figures</summary><div class="body">
<p>An e-value is what a gambler’s stake has grown to who bets against the opposite; it may be looked at any time.</p>
${table(`Evidence of ${route.title}`, head, rows)}
${traces.length > 0 && traceTable(traces, seconds, route.title)}
</div></details>`;
}

function evidenceRow({ evidence }: ReportModel, gate: GateEvaluation): Html {
  const proof = needsProof(evidence, gate.gate);
  const threshold = passThreshold(evidence);
  return html`<tr><th scope="row">${gate.gate}</th><td class="n">${factor(gate.logEvidenceFail)}</td><td class="n">${factor(gate.threshold)}</td><td class="n">${proof ? factor(gate.logEvidencePass) : '–'}</td><td class="n">${proof ? factor(threshold) : '–'}</td><td class="n">${count(gate.effectiveLive)}, ${count(gate.effectiveMirror)}</td><td class="n">×${percent(gate.phi)}</td></tr>`;
}

function caption({ logEvidenceFail, logEvidencePass, thresholds }: GateTrace): string {
  const fail = `Fail ${factor(logEvidenceFail.at(-1) ?? 0)} of ${factor(thresholds.fail)}`;
  return thresholds.pass === null
    ? fail
    : `${fail}, Pass ${factor(logEvidencePass.at(-1) ?? 0)} of ${factor(thresholds.pass)}`;
}

const MOST_TIMES = 12;

function traceTable(traces: readonly GateTrace[], seconds: readonly number[], title: string): Html {
  const every = Math.ceil(seconds.length / MOST_TIMES);
  const shown = seconds.map((_, index) => index).filter((index) => (seconds.length - 1 - index) % every === 0);
  const head = html`<tr><th>After</th>${traces.map(({ gate }) => html`<th class="n">${gate}<br>Fail, Pass</th>`)}</tr>`;
  const rows = shown.map(
    (index) =>
      html`<tr><th scope="row">${span(seconds[index] ?? 0)}</th>${traces.map(({ logEvidenceFail, logEvidencePass, thresholds }) => html`<td class="n">${factor(logEvidenceFail[index] ?? 0)}${thresholds.pass !== null && `, ${factor(logEvidencePass[index] ?? 0)}`}</td>`)}</tr>`,
  );
  return table(`Evidence of ${title} over time`, head, rows);
}

const TABLED = [0, 1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9, 100];

/** What the distribution plot shows, in figures. */
function distributionTable({ live, mirror }: EvidenceRoute, title: string): Html {
  const [a, b] = [histogramFrom(live.histogram), histogramFrom(mirror.histogram)];
  const head = html`<tr><th>Percentile</th><th class="n">Live</th><th class="n">Candidate</th><th class="n">Change</th></tr>`;
  const rows = TABLED.map((p) => {
    const [from, to] = [quantileOf(a, p / 100), quantileOf(b, p / 100)];
    return html`<tr><th scope="row">${p === 0 ? 'least' : p === 100 ? 'most' : `p${p}`}</th><td class="n">${ms(from)}</td><td class="n">${ms(to)}</td><td class="n">${rise(from === null || to === null ? null : to - from)}</td></tr>`;
  });
  return html`<details><summary>Distribution in figures</summary><div class="body">${table(`Percentiles of ${title}`, head, rows)}</div></details>`;
}

function summed(codes: readonly RecordedCodes[]): Omit<RecordedCodes, 'route'> {
  const sum = (arm: 'live' | 'mirror') => {
    const weights: Record<string, number> = {};
    for (const each of codes) {
      for (const [code, weight] of Object.entries(each[arm])) weights[code] = (weights[code] ?? 0) + weight;
    }
    return weights;
  };
  return { live: sum('live'), mirror: sum('mirror') };
}

function total(weights: Readonly<Record<string, number>>): number {
  return Object.values(weights).reduce((sum, weight) => sum + weight, 0);
}
