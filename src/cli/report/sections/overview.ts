import { count } from '../../../core/status/format.ts';
import { points, rise } from '../figures.ts';
import { type Html, html } from '../html.ts';
import type { ReportModel, RouteModel } from '../model.ts';
import { distributionSpark, latencyExtent } from '../plots/distribution.ts';
import { chip, table } from './parts.ts';

/** One row per route, worst first. All small plots have the same axis. */
export function overviewTable({ routes, evidence }: ReportModel): Html {
  const extents = routes.flatMap(({ evidence }) => latencyExtent(evidence) ?? []);
  const low = Math.min(...extents.map((each) => each.low));
  const high = Math.max(...extents.map((each) => each.high));
  const head = html`<tr><th class="name">Route</th><th>Verdict</th><th>Because of</th><th class="n">Live<br>requests</th><th class="n">Candidate<br>requests</th>${evidence.analysis.latency.map(({ percentile }) => html`<th class="n">p${percentile}</th>`)}<th class="n">Errors</th><th>Latency, log axis</th></tr>`;
  const rows = routes.map(
    (route, index) =>
      html`<tr${route.evaluation.verdict === 'Fail' && html` class="out"`}><th scope="row" class="name"><a href="#route-${index + 1}">${breakable(route.name)}</a></th><td>${chip(route.evaluation.verdict)}</td><td>${because(route)}</td><td class="n">${count(route.evidence.live.requests)}</td><td class="n">${count(route.evidence.mirror.requests)}</td>${route.intervals.latency.map(({ deltaMilliseconds }) => html`<td class="n">${rise(deltaMilliseconds)}</td>`)}<td class="n">${points(route.intervals.errors.deltaPercentagePoints)}</td><td>${extents.length > 0 && distributionSpark(route.evidence, low, high, sparkWords(route))}</td></tr>`,
  );
  return html`${
    routes.length > 12 &&
    html`<p class="filter" hidden><label for="filter">Show routes with</label> <input id="filter" type="search" autocomplete="off"> <span id="filtered" role="status"></span></p>`
  }<div id="overview">${table('Overview of the routes', head, rows)}</div>${
    routes.some(isSmall) &&
    html`<p class="quiet">A small route, with less than a tenth of the requests, can fail but need not prove anything: it passes as a part of the whole.</p>`
  }`;
}

/** Undecided, and not asked for a Pass of its own. */
function isSmall({ evaluation, required }: RouteModel): boolean {
  return !required && evaluation.verdict !== 'Fail' && evaluation.verdict !== 'Pass';
}

/** May break after a slash: names of routes are long. */
function breakable(name: string): Html {
  const [first = '', ...rest] = name.split(/(?<=\/)/);
  return html`${first}${rest.map((part) => html`<wbr>${part}`)}`;
}

/** The gates that give the route its verdict. */
export function because(route: RouteModel): string {
  const { evaluation } = route;
  if (evaluation.verdict === 'Pass') return '';
  const gates = evaluation.gates.filter(({ verdict }) => verdict === evaluation.verdict).map(({ gate }) => gate);
  const which = gates.length > 1 && gates.length === evaluation.gates.length ? 'all gates' : gates.join(', ');
  return `${which}${isSmall(route) ? '; small route' : ''}`;
}

function sparkWords({ intervals }: RouteModel): string {
  const [latency] = intervals.latency;
  if (latency === undefined || latency.deltaMilliseconds === null) return 'no latency to compare';
  return `p${latency.percentile} ${rise(latency.deltaMilliseconds)}`;
}
