import { plain } from './plain.ts';

/** Columns as kubectl prints them: left-aligned, three spaces between; every cell is made plain. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map(plain));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => width(row[column] ?? ''))));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell))))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

/** Columns on a terminal, for scripts without wide characters. */
function width(text: string): number {
  return [...text].length;
}
