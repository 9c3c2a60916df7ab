/** The columns of a request table, and the expressions by which the two schemas are made one. */
export interface Schema {
  readonly timestamp: string;
  readonly name: string;
  readonly milliseconds: string;
  readonly resultCode: string;
  readonly itemCount: string;
  readonly operation: string;
  readonly properties: string;
  /** True unless the row says that the request failed. */
  readonly ok: string;
}

/** Workspace schema, and the classic schema of an Application Insights resource, where `success` is text. */
export const SCHEMAS: Readonly<Record<'AppRequests' | 'requests', Schema>> = {
  AppRequests: {
    timestamp: 'TimeGenerated',
    name: 'Name',
    milliseconds: 'DurationMs',
    resultCode: 'ResultCode',
    itemCount: 'ItemCount',
    operation: 'OperationId',
    properties: 'Properties',
    ok: 'coalesce(Success, true)',
  },
  requests: {
    timestamp: 'timestamp',
    name: 'name',
    milliseconds: 'duration',
    resultCode: 'resultCode',
    itemCount: 'itemCount',
    operation: 'operation_Id',
    properties: 'customDimensions',
    ok: 'tolower(success) != "false"',
  },
};
