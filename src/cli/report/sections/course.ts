import { span } from '../figures.ts';
import { type Html, html } from '../html.ts';
import type { ReportModel } from '../model.ts';
import { table, time } from './parts.ts';

interface Stretch {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly style: string;
}

interface Moment {
  readonly at: string;
  readonly what: string;
  readonly why: string;
}

/** When what happened: stretches of time drawn, and each change of a condition in a table. */
export function courseSection(model: ReportModel): Html {
  const moments = momentsOf(model);
  const head = html`<tr><th>Time</th><th>What</th><th>Why</th></tr>`;
  const rows = moments.map(
    ({ at, what, why }) =>
      html`<tr><td class="time">${time(at)}</td><th scope="row">${what}</th><td class="name">${why}</td></tr>`,
  );
  return html`<section aria-labelledby="course"><h2 id="course">Course of the experiment</h2>
${timeline(stretchesOf(model))}
${moments.length > 0 ? table('Changes of the conditions', head, rows) : html`<p class="empty">The record has no times.</p>`}
</section>`;
}

function stretchesOf({ record }: ReportModel): Stretch[] {
  const { status, window } = record;
  const at = (text: string | undefined) => (text === undefined ? Number.NaN : Date.parse(text));
  const ended = [...(status.conditions ?? [])].find(({ type }) => type === 'Passed')?.lastTransitionTime;
  const end = at(status.completionTime ?? ended ?? status.lastAnalysisTime);
  const start = at(status.startTime);
  const switchOn = at(status.switchOnTime);
  const first = at(status.mirroringSince);
  const stretches: Stretch[] = [
    { name: 'Preparing', from: start, to: Number.isNaN(switchOn) ? end : switchOn, style: '' },
    { name: 'Mirroring', from: switchOn, to: end, style: 'on' },
    { name: 'Warm-up', from: first, to: at(window?.start), style: '' },
    { name: 'Analysed window', from: at(window?.start), to: at(window?.end), style: 'window' },
    { name: 'Settling of telemetry', from: at(window?.end), to: at(status.lastAnalysisTime), style: '' },
  ];
  return stretches.filter(({ from, to }) => to > from);
}

function timeline(stretches: readonly Stretch[]): Html | null {
  if (stretches.length === 0) return null;
  const low = Math.min(...stretches.map(({ from }) => from));
  const high = Math.max(...stretches.map(({ to }) => to));
  const x = (at: number) => (100 * (at - low)) / (high - low);
  const words = stretches.map(
    ({ name, from, to }) => `${name} from ${span((from - low) / 1000)} to ${span((to - low) / 1000)} after the start`,
  );
  const height = stretches.length * 36 + 4;
  return html`<svg class="plot" role="img" width="100%" height="${height}" aria-labelledby="course-t course-d">
<title id="course-t">Timeline of the experiment</title><desc id="course-d">${words.join('; ')}.</desc>
${stretches.map(
  ({ name, from, to, style }, index) =>
    html`<line class="track" x1="0" x2="100%" y1="${index * 36 + 27}" y2="${index * 36 + 27}"/><text x="0" y="${index * 36 + 15}">${name} <tspan class="quiet">${span((to - from) / 1000)}</tspan></text><rect class="span ${style}" x="${x(from).toFixed(2)}%" width="${Math.max(0.4, x(to) - x(from)).toFixed(2)}%" y="${index * 36 + 22}" height="10"/>`,
)}
</svg>`;
}

function momentsOf({ record }: ReportModel): Moment[] {
  const { status, window } = record;
  const moment = (at: string | undefined, what: string, why: string): Moment[] =>
    at === undefined ? [] : [{ at, what, why }];
  const moments = [
    ...moment(status.startTime, 'Run accepted', 'the deadline counts from here'),
    ...moment(status.switchOnTime, 'Mirroring is switched on', ''),
    ...moment(status.mirroringSince, 'First copied request', 'the warm-up counts from here'),
    ...moment(window?.start, 'Analysed window begins', ''),
    ...moment(window?.end, 'Analysed window ends', ''),
    ...moment(status.lastAnalysisTime, 'Last analysis', ''),
    ...moment(status.completionTime, 'Everything restored', ''),
    ...(status.conditions ?? []).map(({ type, status: value, reason, message, lastTransitionTime }) => ({
      at: lastTransitionTime,
      what: `${type}: ${value}, ${reason}`,
      why: message,
    })),
  ];
  return moments.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}
