import { randomUUID } from 'node:crypto';
import type { Table } from './contract.ts';
import { type Answer, json } from './http-answers.ts';
import type { KqlError } from './kql/errors.ts';

/** The service's error bodies. https://learn.microsoft.com/azure/azure-monitor/logs/api/errors */
export function serviceError(
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
  innererror?: unknown,
): Answer {
  const error = { message, code, correlationId: randomUUID(), ...(innererror === undefined ? {} : { innererror }) };
  return json(status, { error }, headers);
}

export function unauthorized(state: 'missing' | 'unknown' | 'expired'): Answer {
  const headers = { 'www-authenticate': 'Bearer realm="https://api.loganalytics.azure.com"' };
  return state === 'missing'
    ? serviceError(401, 'AuthorizationRequiredError', 'Valid authentication was not provided', headers)
    : serviceError(
        401,
        'InvalidTokenError',
        `The provided authentication is not valid: the token is ${state}`,
        headers,
      );
}

export function forbidden(): Answer {
  const message = 'The provided credentials have insufficient access to perform the requested operation';
  return serviceError(403, 'InsufficientAccessError', message);
}

export function workspaceNotFound(): Answer {
  return serviceError(404, 'WorkspaceNotFoundError', 'The workspace could not be found');
}

export function resourceNotFound(resource: string): Answer {
  return serviceError(404, 'ResourceNotFoundError', `The resource '${resource}' could not be found`);
}

export function badRequest(message: string): Answer {
  return serviceError(400, 'BadArgumentError', message);
}

export function queryRefused(error: KqlError, kql: string): Answer {
  const before = error.offset === undefined ? undefined : kql.slice(0, error.offset).split('\n');
  const place =
    before === undefined
      ? {}
      : { line: before.length, pos: before.at(-1)?.length ?? 0, token: kql.slice(error.offset).split(/\s/)[0] };
  const summary =
    error.code === 'SyntaxError' ? 'A recognition error occurred in the query.' : 'A semantic error occurred.';
  return serviceError(
    400,
    'BadArgumentError',
    'The request had some invalid properties',
    {},
    {
      code: error.code,
      message: summary,
      innererror: { code: error.detailCode, message: error.message, ...place },
    },
  );
}

/** Status 200 either way: a partial result has the error beside its rows. */
export function queryAnswer(table: Table, partial: string | undefined): Answer {
  const tables = [table];
  return json(200, partial === undefined ? { tables } : { tables, error: partialError(partial) });
}

function partialError(message: string): unknown {
  return {
    code: 'PartialError',
    message: 'There were some errors when processing your query.',
    details: [
      {
        code: 'EngineError',
        message: 'Something went wrong processing your query on the server.',
        innererror: { code: '-2133196797', message, severity: 2, severityName: 'Error' },
      },
    ],
  };
}

export const TOO_MANY_ROWS =
  'The results of this query exceed the set limit of 500000 records, so not all records were returned (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003).';
