import type { BenchTable, Cell } from './bench.ts';

/** A table as Markdown. Numbers have three digits that count. */
export function markdown({ title, columns, rows, notes = [] }: BenchTable): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `### ${title}`,
    '',
    line(columns),
    line(columns.map(() => '---')),
    ...rows.map((row) => line(row.map(shown))),
    ...notes.flatMap((note) => ['', note]),
  ].join('\n');
}

function shown(cell: Cell): string {
  if (cell === null) return '–';
  if (typeof cell === 'string') return cell;
  if (Number.isInteger(cell) || Math.abs(cell) >= 100) return Math.round(cell).toLocaleString('en');
  return String(Number(cell.toPrecision(3)));
}
