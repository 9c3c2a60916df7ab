import type { GateTrace } from '../../../core/evidence/record.ts';
import { factor, span } from '../figures.ts';
import { type Html, html } from '../html.ts';
import { round } from './curve.ts';

const HEIGHT = 92; // px of the plot, without its axis
const BELOW = 0.35; // of the axis, in shares of what is needed: all that is below 0
const ABOVE = 0.45; // and all that is beyond 1

/**
 * The evidence of one gate over time, towards a Fail and towards a Pass, each as a share of what it needs, so that one
 * line is the threshold of both. `seconds` are those of the trace.
 */
export function evidencePlot(trace: GateTrace, seconds: readonly number[], routeTitle: string): Html {
  const end = seconds.at(-1) ?? 0;
  const { fail, pass } = trace.thresholds;
  return html`<svg class="plot evidence" role="img" width="100%" height="${HEIGHT + 20}" aria-label="${describe(trace, seconds, routeTitle)}">
<line class="axis" x2="100%" y1="${px(0)}" y2="${px(0)}"/><line class="needed" x2="100%" y1="${px(1)}" y2="${px(1)}"/>
<svg width="100%" height="${HEIGHT}" viewBox="0 0 1000 ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">${pass !== null && html`<path class="line-pass" d="${path(trace.logEvidencePass, pass, seconds)}"/>`}<path class="line-fail" d="${path(trace.logEvidenceFail, fail, seconds)}"/></svg>
<text class="tick" x="0" y="${HEIGHT + 15}">0</text><text class="tick" x="100%" y="${HEIGHT + 15}" text-anchor="end">${span(end)}</text>
</svg>`;
}

function path(logs: readonly number[], threshold: number, seconds: readonly number[]): string {
  const end = seconds.at(-1) || 1;
  const steps = logs.map((log, index) => `L${Math.round((1000 * (seconds[index] ?? 0)) / end)} ${px(log / threshold)}`);
  return `M0 ${px(0)}${steps.join('')}`;
}

/** From the top. From nothing to what is needed in proportion; what is beyond either is compressed. */
function px(part: number): number {
  const place = part > 1 ? 1 + ABOVE * (1 - 1 / part) : part < 0 ? -BELOW * (1 - 1 / (1 - part)) : part;
  return round((HEIGHT * (1 + ABOVE - place)) / (1 + ABOVE + BELOW));
}

function describe(trace: GateTrace, seconds: readonly number[], routeTitle: string): string {
  const { fail, pass } = trace.thresholds;
  const towards = (name: string, logs: readonly number[], threshold: number) => {
    const first = logs.findIndex((log) => log >= threshold);
    const reached = first < 0 ? 'never reached' : `reached after ${span(seconds[first] ?? 0)}`;
    return `towards ${name} ${factor(logs.at(-1) ?? 0)} at the end, ${factor(threshold)} is needed and was ${reached}`;
  };
  const parts = [
    towards('a Fail', trace.logEvidenceFail, fail),
    ...(pass === null ? [] : [towards('a Pass', trace.logEvidencePass, pass)]),
  ];
  return `Evidence of ${trace.gate} of ${routeTitle} over ${span(seconds.at(-1) ?? 0)}: ${parts.join('; ')}.`;
}
