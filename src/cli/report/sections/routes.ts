import { count } from '../../../core/status/format.ts';
import { rise } from '../figures.ts';
import { type Html, html } from '../html.ts';
import type { ReportModel, RouteModel } from '../model.ts';
import { because, overviewTable } from './overview.ts';
import { chip } from './parts.ts';
import { routeBody } from './route.ts';

/** Routes whose details are open: those that failed, and at least these. */
const OPENED = 10;

/** The sum, an overview of the routes, and the details of each. */
export function routesSection(model: ReportModel): Html {
  const { routes, sum } = model;
  if (sum === null)
    return html`<section aria-labelledby="routes"><h2 id="routes">Routes</h2><p class="empty">No telemetry was compared.</p></section>`;
  const several = routes.length > 1;
  return html`<section aria-labelledby="routes"><h2 id="routes">${several ? `Routes, worst first` : 'Route'}</h2>
${several && overviewTable(model)}
${routes.map((route, index) => details(model, route, `route-${index + 1}`, index < OPENED || route.evaluation.verdict === 'Fail'))}
</section>
${several && html`<section aria-labelledby="all"><h2 id="all">All routes together</h2>${details(model, sum, 'sum', true)}</section>`}`;
}

function details(model: ReportModel, route: RouteModel, id: string, isOpen: boolean): Html {
  const [latency] = route.intervals.latency;
  const about = [
    because(route) === '' ? '' : `because of ${because(route)}`,
    latency && `p${latency.percentile} ${rise(latency.deltaMilliseconds)}`,
    `${count(route.evidence.live.requests)} live requests`,
  ].filter((each) => each !== undefined && each !== '');
  return html`<details class="route"${isOpen && html` open`}><summary>${chip(route.evaluation.verdict)} <h3>${route.title}</h3> <span class="about">${about.join(' · ')}</span></summary><div class="body" id="${id}">${routeBody(model, route, id)}</div></details>`;
}
