import type { GateTrace } from '../../../core/evidence/record.ts';
import { factor, span } from '../figures.ts';
import { type Html, html } from '../html.ts';
import { round } from './curve.ts';

const HEIGHT = 92; // px of the plot, without its axis
const LEAST = -0.25; // shares of what is needed: below, and above, is cut off
const MOST = 1.35;

/**
 * The evidence of one gate over time, towards a Fail and towards a Pass, each as a share of what it needs, so that one
 * line is the threshold of both. `seconds` are those of the trace.
 */
export function evidencePlot(trace: GateTrace, seconds: readonly number[], routeTitle: string): Html {
  const end = seconds.at(-1) ?? 0;
  const { fail, pass } = trace.thresholds;
  const y = (part: number) => round(100 * (1 - (part - LEAST) / (MOST - LEAST)));
  const needed = `${y(1)}%`;
  return html`<svg class="plot evidence" role="img" width="100%" height="${HEIGHT + 20}" aria-label="${describe(trace, seconds, routeTitle)}">
<svg x="0" y="0" width="100%" height="${HEIGHT}"><line class="axis" x1="0" x2="100%" y1="${y(0)}%" y2="${y(0)}%"/><line class="limit" x1="0" x2="100%" y1="${needed}" y2="${needed}"/>
<svg width="100%" height="100%" viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true">${pass !== null && html`<path class="line-pass" d="${path(trace.logEvidencePass, pass, seconds, y)}"/>`}<path class="line-fail" d="${path(trace.logEvidenceFail, fail, seconds, y)}"/></svg></svg>
<text class="tick" x="0" y="${HEIGHT + 15}">0</text><text class="tick" x="100%" y="${HEIGHT + 15}" text-anchor="end">${span(end)}</text>
</svg>`;
}

function path(
  logs: readonly number[],
  threshold: number,
  seconds: readonly number[],
  y: (part: number) => number,
): string {
  const end = seconds.at(-1) || 1;
  const steps = logs.map((log, index) => {
    const part = Math.min(MOST + 0.2, Math.max(LEAST - 0.2, log / threshold));
    return `L${Math.round((1000 * (seconds[index] ?? 0)) / end)} ${y(part)}`;
  });
  return `M0 ${y(0)}${steps.join('')}`;
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
