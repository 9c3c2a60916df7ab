import { stringify } from 'yaml';
import { percent } from '../../../core/status/format.ts';
import { type Html, html } from '../html.ts';
import type { ReportModel } from '../model.ts';
import { sampledWords } from './keyFigures.ts';
import { table, time } from './parts.ts';

const PURPOSES = {
  sums: 'Sums per route, version, result code and latency bucket',
  blocks: 'Counts per interval',
  pairs: 'Pairs of requests by operation id',
  trace: 'Evidence over time',
} as const;

/** On what the verdict rests: what was compared, the window, sampling, the queries word for word, and the spec. */
export function methodSection({ record, evidence, sum }: ReportModel): Html {
  const { spec, status, window, queries, experiment } = record;
  const { logAnalytics } = spec.telemetry;
  const row = (name: string, value: Html | string) =>
    html`<tr><th scope="row">${name}</th><td class="name">${value}</td></tr>`;
  const rows = [
    row('Live', `${spec.live.version} (service ${spec.live.service})`),
    row(
      'Candidate',
      `${spec.mirror.version} (service ${spec.mirror.service}${status.candidateImage === undefined ? '' : `, image ${status.candidateImage}`})`,
    ),
    row(
      'Copied',
      `${percent(evidence.mirrorPercent ?? 100)} % of the requests with the methods ${spec.traffic.methods.join(', ')}`,
    ),
    row('Window', window === null ? 'none was analysed' : html`${time(window.start)} to ${time(window.end)}`),
    row(
      'Telemetry',
      `table ${logAnalytics.table} of ${logAnalytics.workspaceId ?? logAnalytics.resourceId ?? ''}, version in ${logAnalytics.versionProperty}`,
    ),
    ...(sum === null
      ? []
      : [row('Sampling', `live: ${sampledWords(sum.evidence.live)}; candidate: ${sampledWords(sum.evidence.mirror)}`)]),
    row(
      'Certainty',
      `false alarms in at most ${percent(evidence.analysis.falseAlarmPercent)} % of the runs; at least ${evidence.analysis.minRequests} effective requests per version and gate`,
    ),
    row(
      'Experiment',
      `${experiment.namespace}/${experiment.name}, generation ${experiment.generation}, uid ${experiment.uid}`,
    ),
  ];
  return html`<section aria-labelledby="method"><h2 id="method">What was compared</h2>
${table('What was compared', html`<tr><th>What</th><th>Value</th></tr>`, rows)}
<h3 class="block">Queries</h3>
${queries.length === 0 ? html`<p class="empty">No query was recorded.</p>` : html`<p>Word for word as they were asked${window !== null && html`, for ${time(window.start)} to ${time(window.end)}`}.</p>`}
${queries.map(({ purpose, kql }) => block(PURPOSES[purpose], kql, `KQL: ${PURPOSES[purpose]}`))}
<h3 class="block">Spec</h3>
${block('The experiment’s spec, with defaults', stringify(spec, { lineWidth: 0 }), 'Spec as YAML')}
</section>`;
}

function block(title: string, text: string, label: string): Html {
  return html`<details><summary>${title}</summary><div class="body"><pre tabindex="0" role="group" aria-label="${label}"><code>${text}</code></pre></div></details>`;
}
