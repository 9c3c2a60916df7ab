import type { Fault, Table } from './contract.ts';
import { type Answer, json } from './http-answers.ts';
import { forbidden, queryAnswer, serviceError, unauthorized } from './query-answers.ts';
import { oauthError } from './tokens.ts';

export interface Faults {
  set(fault: Fault | undefined): void;
  /** The fault for this answer, which uses it up; undefined when the answer is to be the right one. */
  take(endpoint: 'query' | 'token'): Fault | undefined;
}

export function createFaults(): Faults {
  let current: Fault | undefined;
  let left = 0;
  return {
    set(fault) {
      current = fault;
      left = fault?.answers ?? Number.POSITIVE_INFINITY;
    },
    take(endpoint) {
      if (current === undefined || left <= 0 || (current.kind === 'token') !== (endpoint === 'token')) return undefined;
      left -= 1;
      return current;
    },
  };
}

/** What is answered without running the query; undefined for the faults that need its result or are no answer. */
export function faultAnswer(fault: Fault): Answer | undefined {
  switch (fault.kind) {
    case 'throttled': {
      const message = 'Too many requests: the rate limit of 200 requests per 30 seconds has been reached';
      return serviceError(429, 'ThrottledError', message, retryAfter(fault.retryAfterSeconds));
    }
    case 'status':
      if (fault.status === 401) return unauthorized('expired');
      if (fault.status === 403) return forbidden();
      return serviceError(
        fault.status,
        fault.status === 504 ? 'GatewayTimeout' : 'InternalServerError',
        'The request could not be served',
        retryAfter(fault.retryAfterSeconds),
      );
    case 'html': {
      const status = fault.status ?? 502;
      const body = `<html><head><title>${status}</title></head><body><h1>${status}</h1><hr>Microsoft-Azure-Application-Gateway/v2</body></html>`;
      return { status, body, headers: { 'content-type': 'text/html' } };
    }
    case 'noContent':
      return { status: 204, body: '' };
    case 'empty':
      return { status: 200, body: '', headers: { 'content-type': 'application/json; charset=utf-8' } };
    default:
      return undefined;
  }
}

function retryAfter(seconds: number | undefined): Record<string, string> {
  return seconds === undefined ? {} : { 'retry-after': String(seconds) };
}

/** The faults that change a result. */
export function distort(fault: Fault | undefined, table: Table, partial: string | undefined): Answer {
  if (fault?.kind === 'partial') {
    const half = { ...table, rows: table.rows.slice(0, Math.ceil(table.rows.length / 2)) };
    return queryAnswer(half, 'The query ran out of memory (E_LOW_MEMORY_CONDITION, 0x80DA0007).');
  }
  if (fault?.kind === 'wrongTypes') return queryAnswer(numbersAsText(table), partial);
  return queryAnswer(table, partial);
}

function numbersAsText(table: Table): Table {
  const numeric = new Set(['long', 'int', 'real']);
  return {
    ...table,
    columns: table.columns.map(({ name, type }) => ({ name, type: numeric.has(type) ? 'string' : type })),
    rows: table.rows.map((row) => row.map((cell) => (typeof cell === 'number' ? String(cell) : cell))),
  };
}

export function tokenFaultAnswer(status: number): Answer {
  if (status === 429) return json(429, { error: 'temporarily_unavailable' }, { 'retry-after': '1' });
  return status < 500
    ? oauthError(status, 'invalid_client', 700016, 'The application was not found in the directory.')
    : oauthError(status, 'temporarily_unavailable', 90033, 'A transient error has occurred. Please try again.');
}
