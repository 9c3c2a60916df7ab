import { datetimeSql } from './kql/literals.ts';
import type { KqlType } from './kql/syntax.ts';
import type { BaseTable } from './kql/translate.ts';
import { sqlText } from './kql/translation.ts';

/** Name, type and SQL over request_rows; without SQL, what no SDK request fills here: an empty string or null. */
type ColumnDefinition = readonly [name: string, type: KqlType, sql?: string];

export interface RequestTable {
  name: string;
  timeColumn: string;
  columns: readonly ColumnDefinition[];
}

const PERFORMANCE_BUCKET = `CASE WHEN duration < 250 THEN '<250ms' WHEN duration < 500 THEN '250ms-500ms'
  WHEN duration < 1000 THEN '500ms-1sec' WHEN duration < 3000 THEN '1sec-3sec' WHEN duration < 7000 THEN '3sec-7sec'
  WHEN duration < 15000 THEN '7sec-15sec' WHEN duration < 30000 THEN '15sec-30sec'
  WHEN duration < 60000 THEN '30sec-1min' WHEN duration < 120000 THEN '1min-2min'
  WHEN duration < 300000 THEN '2min-5min' ELSE '>=5min' END`;

/** https://learn.microsoft.com/azure/azure-monitor/reference/tables/apprequests */
const appRequests: RequestTable = {
  name: 'AppRequests',
  timeColumn: 'TimeGenerated',
  columns: [
    ['TenantId', 'string'],
    ['TimeGenerated', 'datetime', 'timestamp'],
    ['Id', 'string', 'id'],
    ['Source', 'string'],
    ['Name', 'string', 'name'],
    ['Url', 'string', 'url'],
    ['Success', 'bool', 'success'],
    ['ResultCode', 'string', 'result_code'],
    ['DurationMs', 'real', 'duration'],
    ['PerformanceBucket', 'string', PERFORMANCE_BUCKET],
    ['Properties', 'dynamic', 'properties'],
    ['Measurements', 'dynamic'],
    ['OperationName', 'string', 'operation_name'],
    ['OperationId', 'string', 'operation_id'],
    ['ParentId', 'string', 'parent_id'],
    ['SyntheticSource', 'string'],
    ['SessionId', 'string'],
    ['UserId', 'string'],
    ['UserAuthenticatedId', 'string'],
    ['UserAccountId', 'string'],
    ['AppVersion', 'string'],
    ['AppRoleName', 'string', 'role_name'],
    ['AppRoleInstance', 'string', 'role_instance'],
    ['ClientType', 'string', `'PC'`],
    ['ClientModel', 'string'],
    ['ClientOS', 'string'],
    ['ClientIP', 'string', `'0.0.0.0'`],
    ['ClientCity', 'string'],
    ['ClientStateOrProvince', 'string'],
    ['ClientCountryOrRegion', 'string'],
    ['ClientBrowser', 'string'],
    ['ResourceGUID', 'string'],
    ['IKey', 'string'],
    ['SDKVersion', 'string'],
    ['ItemCount', 'int', 'item_count'],
    ['ReferencedItemId', 'string'],
    ['ReferencedType', 'string'],
    ['SourceSystem', 'string', `'Azure'`],
    ['Type', 'string', `'AppRequests'`],
    ['_ResourceId', 'string'],
  ],
};

/** https://learn.microsoft.com/azure/azure-monitor/app/data-model-complete; `success` is text here. */
const requests: RequestTable = {
  name: 'requests',
  timeColumn: 'timestamp',
  columns: [
    ['timestamp', 'datetime', 'timestamp'],
    ['id', 'string', 'id'],
    ['source', 'string'],
    ['name', 'string', 'name'],
    ['url', 'string', 'url'],
    ['success', 'string', `CASE WHEN success THEN 'True' ELSE 'False' END`],
    ['resultCode', 'string', 'result_code'],
    ['duration', 'real', 'duration'],
    ['performanceBucket', 'string', PERFORMANCE_BUCKET],
    ['itemType', 'string', `'request'`],
    ['customDimensions', 'dynamic', 'properties'],
    ['customMeasurements', 'dynamic'],
    ['operation_Name', 'string', 'operation_name'],
    ['operation_Id', 'string', 'operation_id'],
    ['operation_ParentId', 'string', 'parent_id'],
    ['operation_SyntheticSource', 'string'],
    ['session_Id', 'string'],
    ['user_Id', 'string'],
    ['user_AuthenticatedId', 'string'],
    ['user_AccountId', 'string'],
    ['application_Version', 'string'],
    ['client_Type', 'string', `'PC'`],
    ['client_Model', 'string'],
    ['client_OS', 'string'],
    ['client_IP', 'string', `'0.0.0.0'`],
    ['client_City', 'string'],
    ['client_StateOrProvince', 'string'],
    ['client_CountryOrRegion', 'string'],
    ['client_Browser', 'string'],
    ['cloud_RoleName', 'string', 'role_name'],
    ['cloud_RoleInstance', 'string', 'role_instance'],
    ['appId', 'string'],
    ['appName', 'string'],
    ['iKey', 'string'],
    ['sdkVersion', 'string'],
    ['itemId', 'string', 'id'],
    ['itemCount', 'int', 'item_count'],
    ['_ResourceId', 'string'],
  ],
};

/** The classic names exist in the scope of an Application Insights resource only. */
export const workspaceTables: readonly RequestTable[] = [appRequests];
export const resourceTables: readonly RequestTable[] = [requests, appRequests];

export interface Visibility {
  /** The component whose rows are seen; undefined for all. */
  component: number | undefined;
  now: Date;
  /** The request's timespan, which the service applies to the table's time, both ends included. */
  from: Date | undefined;
  to: Date | undefined;
}

export function baseTable(table: RequestTable, { component, now, from, to }: Visibility): BaseTable {
  const conditions = [
    `ingested <= ${datetimeSql(now)}`,
    ...(component === undefined ? [] : [`component = ${component}`]),
    ...(from === undefined ? [] : [`timestamp >= ${datetimeSql(from)}`]),
    ...(to === undefined ? [] : [`timestamp <= ${datetimeSql(to)}`]),
  ];
  const columns = table.columns.map(([name, type, sql], index) => ({
    name,
    type,
    nullable: type === 'dynamic',
    id: `b${index}`,
    sql: sql ?? (type === 'dynamic' ? 'CAST(NULL AS JSON)' : sqlText('')),
  }));
  const selected = [...columns.map(({ sql, id }) => `${sql} AS ${id}`), 'ingested AS b_ingested'].join(', ');
  return {
    sql: `SELECT ${selected} FROM request_rows WHERE ${conditions.join(' AND ')}`,
    columns: columns.map(({ sql: _, ...column }) => column),
    ingested: 'b_ingested',
  };
}
