import { type DuckDBConnection, DuckDBInstance, DuckDBTimestampValue } from '@duckdb/node-api';
import type { RequestRow } from './contract.ts';
import { MACROS } from './kql/macros.ts';

/** A request as it is stored: which component sent it, and when queries may see it. */
export interface StoredRequest {
  /** Index of the workspace and of the resource that the row belongs to. */
  component: number;
  visibleAt: Date;
  request: RequestRow;
}

export interface Database {
  insert(rows: readonly StoredRequest[]): Promise<void>;
  /** Rows as arrays of DuckDB's values. */
  read(sql: string): Promise<unknown[][]>;
  /** Waits for the reads and inserts under way: DuckDB must not lose its database below them. */
  close(): Promise<void>;
}

/** In memory. Every read sees all inserts that were awaited before it. */
export async function openDatabase(): Promise<Database> {
  const instance = await DuckDBInstance.create(':memory:');
  const writer = await instance.connect();
  // Every operator of a query is a step within the next: what many have asked together has thousands.
  await writer.run('SET GLOBAL max_expression_depth TO 100000');
  await writer.run(`CREATE TABLE request_rows (
    component INTEGER, ingested TIMESTAMP, timestamp TIMESTAMP, id VARCHAR, name VARCHAR, url VARCHAR, success BOOLEAN,
    result_code VARCHAR, duration DOUBLE, item_count INTEGER, operation_id VARCHAR, operation_name VARCHAR,
    parent_id VARCHAR, role_name VARCHAR, role_instance VARCHAR, properties JSON)`);
  for (const macro of MACROS) await writer.run(macro);
  let writing = Promise.resolve();
  const reading = new Set<Promise<unknown>>();
  async function read(sql: string): Promise<unknown[][]> {
    const connection = await instance.connect();
    try {
      const reader = await connection.runAndReadAll(sql);
      return reader.getRows();
    } finally {
      connection.closeSync();
    }
  }
  return {
    insert(rows) {
      // One appender at a time; what failed must not stop what comes after it.
      const done = writing.then(() => append(writer, rows));
      writing = done.catch(() => {});
      return done;
    },
    async read(sql) {
      const rows = read(sql);
      reading.add(rows);
      try {
        return await rows;
      } finally {
        reading.delete(rows);
      }
    },
    async close() {
      await Promise.allSettled([writing, ...reading]);
      writer.closeSync();
      instance.closeSync();
    },
  };
}

async function append(connection: DuckDBConnection, rows: readonly StoredRequest[]): Promise<void> {
  const appender = await connection.createAppender('request_rows');
  for (const { component, visibleAt, request } of rows) {
    appender.appendInteger(component);
    appender.appendTimestamp(timestamp(visibleAt));
    appender.appendTimestamp(timestamp(request.timestamp));
    appender.appendVarchar(request.id ?? '');
    appender.appendVarchar(request.name);
    appender.appendVarchar(request.url ?? '');
    appender.appendBoolean(request.success);
    appender.appendVarchar(request.resultCode);
    appender.appendDouble(request.durationMilliseconds);
    appender.appendInteger(request.itemCount ?? 1);
    appender.appendVarchar(request.operationId ?? '');
    appender.appendVarchar(request.operationName ?? request.name);
    appender.appendVarchar(request.parentId ?? '');
    appender.appendVarchar(request.roleName ?? '');
    appender.appendVarchar(request.roleInstance ?? '');
    if (request.properties === undefined) appender.appendNull();
    else appender.appendVarchar(JSON.stringify(request.properties));
    appender.endRow();
  }
  appender.closeSync();
}

function timestamp(date: Date): DuckDBTimestampValue {
  return new DuckDBTimestampValue(BigInt(date.getTime()) * 1000n);
}
