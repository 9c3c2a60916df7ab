import type { AzureMonitor, AzureMonitorOptions } from './contract.ts';

export type {
  AzureMonitor,
  AzureMonitorOptions,
  Cell,
  Column,
  ColumnType,
  Fault,
  QueryLogEntry,
  RequestRow,
  Table,
  Timespan,
} from './contract.ts';

/** A local stand-in for Azure Monitor: ingestion, query and token endpoints on 127.0.0.1. */
export async function startAzureMonitor(_options: AzureMonitorOptions = {}): Promise<AzureMonitor> {
  throw new Error('not implemented yet');
}
