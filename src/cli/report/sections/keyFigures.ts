import { count, percent } from '../../../core/status/format.ts';
import type { EvidenceArm } from '../../../core/verdict/evidence.ts';
import { mirrorFraction } from '../../../core/verdict/groups.ts';
import { ms, points, rise, share, span } from '../figures.ts';
import { type Html, html } from '../html.ts';
import type { ReportModel } from '../model.ts';

/** The sums over all routes, and how much was seen. */
export function keyFigures({ sum, evidence, routes, record }: ReportModel): Html | null {
  if (sum === null) return null;
  const { live, mirror } = sum.evidence;
  const copied = live.requests * mirrorFraction(evidence);
  const { errors, latency } = sum.intervals;
  return html`<section aria-labelledby="figures"><h2 id="figures">Key figures</h2>
<dl class="figures">
<div><dt>Live requests</dt><dd>${count(live.requests)}<small>${sampledWords(live)}</small></dd></div>
<div><dt>Candidate requests</dt><dd>${count(mirror.requests)}<small>${sampledWords(mirror)}</small></dd></div>
<div><dt>Coverage</dt><dd>${copied > 0 ? share((100 * mirror.requests) / copied) : '–'}<small>of ${percent(evidence.mirrorPercent ?? 100)} % copied; ${percent(evidence.analysis.coverage.maxLossPercent)} % may be lost</small></dd></div>
<div><dt>Analysed time</dt><dd>${span(evidence.elapsedSeconds)}<small>${count(sum.evidence.blocks.length)} intervals${record.window === null ? '' : ''}</small></dd></div>
<div><dt>Routes</dt><dd>${count(routes.length)}<small>${routeWords(routes)}</small></dd></div>
${latency.map(({ percentile, liveMilliseconds, mirrorMilliseconds, deltaMilliseconds }) => html`<div><dt>p${percentile}</dt><dd>${rise(deltaMilliseconds)}<small>${ms(liveMilliseconds)} → ${ms(mirrorMilliseconds)}</small></dd></div>`)}
<div><dt>Errors</dt><dd>${points(errors.deltaPercentagePoints)}<small>${share(errors.livePercent)} → ${share(errors.mirrorPercent)}</small></dd></div>
</dl></section>`;
}

/** What part of the requests telemetry carries. */
export function sampledWords({ items, requests }: EvidenceArm): string {
  if (requests === 0) return 'none reported';
  return items === requests
    ? 'all reported, none sampled out'
    : `from ${count(items)} sampled (${share((100 * items) / requests)})`;
}

function routeWords(routes: ReportModel['routes']): string {
  const number = (verdicts: readonly string[]) =>
    routes.filter(({ evaluation }) => verdicts.includes(evaluation.verdict)).length;
  const parts = [
    [number(['Fail']), 'failed'],
    [number(['Inconclusive', 'Running']), 'undecided'],
    [number(['Pass']), 'passed'],
  ] as const;
  return parts.flatMap(([of, word]) => (of > 0 ? [`${of} ${word}`] : [])).join(', ');
}
