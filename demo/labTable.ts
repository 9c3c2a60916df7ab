import type { AzureMonitor, Table } from './azure-monitor/index.ts';

/** The lab's own query, word for word. */
const LAB_QUERY = `requests
| where customDimensions["VersionTag"] contains "MIR-"
| summarize duration = avg(duration), requestCount = count() by name, podVersion = tostring(customDimensions["VersionTag"]), resultCode
| sort by name, podVersion`;

/** What the lab shows its readers: mean durations and counts by operation, version and result code. */
export async function labTable(azure: AzureMonitor): Promise<string> {
  return format(await azure.query(LAB_QUERY));
}

function format({ columns, rows }: Table): string {
  const names = columns.map((column) => column.name);
  const order = ['name', 'podVersion', 'resultCode', 'requestCount', 'duration'].map((name) => names.indexOf(name));
  const lines = [
    order.map((index) => names[index] ?? ''),
    ...rows.map((row) => order.map((index) => cell(row[index]))).sort((a, b) => a.join().localeCompare(b.join())),
  ];
  const widths = order.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cell(value: unknown): string {
  return typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(1) : String(value);
}
