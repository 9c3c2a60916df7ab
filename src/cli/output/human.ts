import { plain } from './plain.ts';
import type { Result } from './result.ts';
import { table } from './table.ts';

/** For people: the verdict, why, and each gate. */
export function human(result: Result): string {
  const { verdict, reason, summary, gates } = result;
  const told = summary.startsWith(`${verdict}: `) ? summary.slice(verdict.length + 2) : summary;
  const head = `${verdict} (${plain(reason)}): ${plain(told)}\n`;
  if (gates.length === 0) return head;
  const evidence = gates.some(({ towardsFail }) => towardsFail !== '');
  const columns = ['VERDICT', 'ROUTE', 'GATE', 'LIVE', 'CANDIDATE', 'DELTA', 'TOLERATED'];
  const rows = gates.map((row) => [
    // First, so that a line never begins with a name from outside.
    ...[row.verdict, row.route, row.gate, row.live, row.mirror, row.delta, row.tolerated],
    ...(evidence ? [row.towardsFail, row.towardsPass] : []),
  ]);
  return `${head}\n${table([...columns, ...(evidence ? ['TO FAIL', 'TO PASS'] : [])], rows)}\n`;
}
