import { escapeMarkdown } from './escapeMarkdown.ts';
import type { GateRow, Result } from './result.ts';

const MOST_ROWS = 30;

/** A short comment for a pull request: the verdict, why, and each gate. */
export function resultMarkdown({ subject, verdict, reason, summary, gates }: Result): string {
  const head = `### ${mark(verdict)} ${escapeMarkdown(subject)}: ${verdict} (${escapeMarkdown(reason)})`;
  const rows = gates.slice(0, MOST_ROWS).map(row);
  const more = gates.length > MOST_ROWS ? [`And ${gates.length - MOST_ROWS} more.`] : [];
  const table = ['| | Route | Gate | Live | Candidate | Delta | Tolerated |', '|---|---|---|---|---|---|---|', ...rows];
  return `${[head, escapeMarkdown(summary), ...(rows.length > 0 ? [table.join('\n')] : []), ...more].join('\n\n')}\n`;
}

function row({ verdict, route, gate, live, mirror, delta, tolerated }: GateRow): string {
  return `| ${[mark(verdict), ...[route, gate, live, mirror, delta, tolerated].map(escapeMarkdown)].join(' | ')} |`;
}

function mark(verdict: string): string {
  return { Pass: '✅', Fail: '❌', Running: '⏳' }[verdict] ?? '⚠️';
}
