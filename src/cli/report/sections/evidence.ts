import type { GateTrace } from '../../../core/evidence/record.ts';
import { count, percent } from '../../../core/status/format.ts';
import type { GateEvaluation } from '../../../core/verdict/evaluation.ts';
import { factor, span } from '../figures.ts';
import { type Html, html } from '../html.ts';
import { needsProof, passThreshold, type ReportModel, type RouteModel } from '../model.ts';
import { evidencePlot } from '../plots/evidencePlot.ts';
import { evidenceLegend } from './legend.ts';
import { chip, table } from './parts.ts';

const MOST_TIMES: Readonly<Record<RouteModel['detail'], number>> = { full: 12, brief: 2 };

/** How the evidence of a route's gates grew, and where it ended. In brief there are only figures. */
export function evidenceBody(model: ReportModel, route: RouteModel): Html {
  const { record } = model;
  const traces = (record.trace?.gates ?? [])
    .filter((each) => each.route === route.name)
    .map((trace) => (needsProof(model.evidence, trace.gate) ? trace : withoutPass(trace)));
  const seconds = record.trace?.seconds ?? [];
  const drawn = route.evaluation.gates.flatMap((gate) => {
    const trace = traces.find((each) => each.gate === gate.gate);
    return trace === undefined || route.detail === 'brief' ? [] : [{ gate, trace }];
  });
  return html`${
    drawn.length > 0 &&
    html`${evidenceLegend()}<div class="gates">${drawn.map(({ gate, trace }) => figure(gate, trace, seconds, route.title))}</div>`
  }${
    record.trace !== null &&
    traces.length === 0 &&
    html`<p class="quiet">How it grew is recorded for the routes with the most evidence only, and for all together.</p>`
  }
<details><summary>Evidence in figures</summary><div class="body">
${finalTable(model, route)}
${traces.length > 0 && traceTable(traces, seconds, MOST_TIMES[route.detail])}
</div></details>`;
}

function figure(gate: GateEvaluation, trace: GateTrace, seconds: readonly number[], title: string): Html {
  return html`<figure><figcaption><strong>${gate.gate}</strong> ${chip(gate.verdict)}${caption(trace)}</figcaption>${evidencePlot(trace, seconds, title)}</figure>`;
}

function caption({ logEvidenceFail, logEvidencePass, thresholds }: GateTrace): Html {
  const pass =
    thresholds.pass === null ? 'none needed' : `${factor(logEvidencePass.at(-1) ?? 0)} of ${factor(thresholds.pass)}`;
  return html`<span>Fail: ${factor(logEvidenceFail.at(-1) ?? 0)} of ${factor(thresholds.fail)}</span><span>Pass: ${pass}</span>`;
}

function withoutPass(trace: GateTrace): GateTrace {
  return { ...trace, thresholds: { ...trace.thresholds, pass: null } };
}

/** The evidence on which the verdict rests. */
function finalTable({ evidence }: ReportModel, route: RouteModel): Html {
  const pass = factor(passThreshold(evidence));
  const head = html`<tr><th>Gate</th><th>Fail</th><th>needs</th><th>Pass</th><th>needs</th><th>Effective requests</th><th>Noise</th></tr>`;
  const rows = route.evaluation.gates.map((gate) => {
    const proof = needsProof(evidence, gate.gate);
    return html`<tr><th scope="row">${gate.gate}</th><td>${factor(gate.logEvidenceFail)}</td><td>${factor(gate.threshold)}</td><td>${proof ? factor(gate.logEvidencePass) : '–'}</td><td>${proof ? pass : '–'}</td><td>${count(gate.effectiveLive)}, ${count(gate.effectiveMirror)}</td><td>×${percent(gate.phi)}</td></tr>`;
  });
  return table('Evidence', head, rows, 'numbers');
}

function traceTable(traces: readonly GateTrace[], seconds: readonly number[], most: number): Html {
  const every = Math.ceil(seconds.length / most);
  const shown = seconds.map((_, index) => index).filter((index) => (seconds.length - 1 - index) % every === 0);
  const head = html`<tr><th>After</th>${traces.map(({ gate, thresholds }) => html`<th>${gate}<br>${thresholds.pass === null ? 'Fail' : 'Fail, Pass'}</th>`)}</tr>`;
  const rows = shown.map((index) => {
    const cells = traces.map(({ logEvidenceFail, logEvidencePass, thresholds }) => {
      const pass = thresholds.pass === null ? '' : `, ${factor(logEvidencePass[index] ?? 0)}`;
      return html`<td>${factor(logEvidenceFail[index] ?? 0)}${pass}</td>`;
    });
    return html`<tr><th scope="row">${span(seconds[index] ?? 0)}</th>${cells}</tr>`;
  });
  return table('Evidence over time', head, rows, 'numbers');
}
