import type { Certificates } from './certificates.ts';

/** A request as an SDK would have sent it. */
export interface RequestRow {
  timestamp: Date;
  name: string;
  durationMilliseconds: number;
  success: boolean;
  resultCode: string;
  /** How many requests the row stands for under sampling; default 1. */
  itemCount?: number;
  id?: string;
  url?: string;
  operationId?: string;
  operationName?: string;
  parentId?: string;
  roleName?: string;
  roleInstance?: string;
  properties?: Readonly<Record<string, string>>;
}

/** Column types of the service's answers. */
export type ColumnType = 'long' | 'int' | 'real' | 'string' | 'bool' | 'datetime' | 'timespan' | 'dynamic' | 'guid';

export interface Column {
  name: string;
  type: ColumnType;
}

/** Cells as in the service's JSON: datetimes are ISO strings, dynamics are JSON text. */
export type Cell = string | number | boolean | null;

export interface Table {
  name: string;
  columns: Column[];
  rows: Cell[][];
}

/** An ISO 8601 interval ("start/end", "start/PT1H", "PT1H/end", "PT1H") as in the request's body, or two instants. */
export type Timespan = string | { start: Date; end: Date };

export interface QueryLogEntry {
  at: Date;
  scope: 'workspace' | 'resource';
  /** The workspace id or the resource id that was asked. */
  target: string;
  kql: string;
  timespan?: string;
  /** The HTTP status that was answered; 0 when the connection was cut or left hanging. */
  status: number;
  rows: number;
  responseBytes: number;
  milliseconds: number;
}

/**
 * What the next answers are instead of the right ones. Without `answers` it lasts until it is cleared.
 * `token` acts on the token endpoint; everything else on the query endpoint.
 */
export type Fault = { answers?: number } & (
  | { kind: 'throttled'; retryAfterSeconds?: number }
  | { kind: 'status'; status: 401 | 403 | 500 | 502 | 503 | 504; retryAfterSeconds?: number }
  | { kind: 'html'; status?: 200 | 502 | 503 }
  | { kind: 'noContent' }
  | { kind: 'empty' }
  /** Half of the rows, with the error beside them. */
  | { kind: 'partial' }
  /** Every number becomes a string, and says so in the column's type. */
  | { kind: 'wrongTypes' }
  | { kind: 'hang' }
  | { kind: 'slow'; milliseconds: number }
  | { kind: 'reset' }
  | { kind: 'token'; status?: 400 | 401 | 429 | 500 | 503 }
);

export interface AzureMonitorOptions {
  /** Address that both endpoints listen on; default: 127.0.0.1. */
  listenAddress?: string;
  /** Name by which clients reach them, as in the URLs that are given out; default: 127.0.0.1. */
  host?: string;
  /** Port of the query and token endpoint; default: a free one. */
  port?: number;
  /** Port of the ingestion endpoint; default: a free one. */
  ingestionPort?: number;
  /** Of the query and token endpoint; default: new ones for 127.0.0.1 and localhost. */
  certificates?: Certificates;
  /** Known workspace ids (GUIDs); the first is `workspaceId`. */
  workspaces?: readonly string[];
  /** Known Application Insights resource ids (/subscriptions/…); the first is `resourceId`. */
  resources?: readonly string[];
  /** Rows become visible this much later; a function is given the row's sequence number, from 0. */
  ingestionDelayMilliseconds?: number | ((sequence: number) => number);
  /** Default true. */
  requireToken?: boolean;
}

export interface AzureMonitor {
  /** https, ends in /v1. */
  queryEndpoint: string;
  /** http; SDKs post to /v2.1/track below it. */
  ingestionEndpoint: string;
  /** https; the authority host for @azure/identity. */
  authorityHost: string;
  connectionString: string;
  workspaceId: string;
  resourceId: string;
  tenantId: string;
  clientId: string;
  /** PEM of the CA that signed the https certificate. */
  caFile: string;
  /** Runs KQL in process, without HTTP. Throws KqlError for what the service would refuse. */
  query(kql: string, timespan?: Timespan): Promise<Table>;
  /** Adds rows as if the SDK had sent them; they obey the ingestion delay. */
  insertRequests(rows: readonly RequestRow[]): Promise<void>;
  /** What was asked over HTTP, oldest first. */
  queries(): QueryLogEntry[];
  /** Every access token that was given out: nothing but the query endpoint may ever see one. */
  accessTokens(): readonly string[];
  fault(fault: Fault | undefined): void;
  close(): Promise<void>;
}
