import { readFile, writeFile } from 'node:fs/promises';
import { METRICS, type MetricDefinition } from '../src/adapters/observability/metricDefinitions.ts';
import { withGenerated } from './generatedTable.ts';

const operationsFile = new URL('../docs/operations.md', import.meta.url);

const MARKS = [
  '<!-- generated from src/adapters/observability/metricDefinitions.ts; run npm run generate -->',
  '<!-- end of the metrics -->',
] as const;

/** The page with its table of metrics made anew from the definitions. */
export function withMetricsTable(page: string, metrics: Readonly<Record<string, MetricDefinition>> = METRICS): string {
  const rows = Object.entries(metrics).map(
    ([name, { type, help, labels, buckets }]) =>
      `| \`${name}\` | ${type} | ${cell(help)}${buckets === undefined ? '' : ` (buckets: ${buckets.join(', ')})`} | ${labelsCell(labels)} |`,
  );
  const table = ['| Metric | Type | What it says | Labels |', '|---|---|---|---|', ...rows].join('\n');
  return withGenerated(page, MARKS, table, 'docs/operations.md');
}

function labelsCell(labels: MetricDefinition['labels']): string {
  return Object.entries(labels)
    .map(([label, values]) => `\`${label}\`: ${cell(values)}`)
    .join('<br>');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

if (import.meta.main) await writeFile(operationsFile, withMetricsTable(await readFile(operationsFile, 'utf8')));
