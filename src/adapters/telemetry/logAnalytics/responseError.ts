import { TelemetryError } from '../../../engine/ports/telemetry.ts';

/** What of an HTTP response decides on an error. */
export interface Answered {
  readonly status: number;
  readonly body: string;
  /** Value of a header; undefined when it is absent. */
  readonly header: (name: string) => string | undefined;
}

/** Window of the service's limit of 200 queries; what to wait when a 429 does not say. */
const DEFAULT_RETRY_SECONDS = 30;
const LONGEST_RETRY_SECONDS = 300;

/**
 * The error that a response's status stands for; undefined for 200, whose body is the client's to read, and for 204 (no
 * data).
 * @param source what was asked, for messages
 * @param now ms since the epoch, for a Retry-After that is a date
 */
export function responseError(answered: Answered, source: string, now: number): TelemetryError | undefined {
  const { status, body } = answered;
  if (status === 200 || status === 204) return undefined;
  const retryAfterSeconds = retryAfter(answered, now);
  const said = serviceMessage(body);
  switch (status) {
    case 401:
      return new TelemetryError(
        'Unauthorized',
        `Log Analytics does not accept the operator's token (401) for ${source}: check that LOG_ANALYTICS_SCOPE and ` +
          `LOG_ANALYTICS_ENDPOINT belong to the same cloud, and the identity to the same tenant${said}`,
      );
    case 403:
      return new TelemetryError(
        'Unauthorized',
        `the operator's identity may not read ${source} (403): grant it the role Log Analytics Reader or Monitoring ` +
          `Reader there; a new role can take up to an hour to work${said}`,
      );
    case 429:
      return new TelemetryError('Throttled', `Log Analytics limits the rate of queries (429)${said}`, {
        retryAfterSeconds: retryAfterSeconds ?? DEFAULT_RETRY_SECONDS,
      });
    default:
      return status >= 400 && status < 500 && status !== 408
        ? new TelemetryError('Configuration', `Log Analytics refuses the query to ${source} (${status})${said}`)
        : new TelemetryError('Unavailable', `Log Analytics is unavailable (${status})${said}`, {
            ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
          });
  }
}

/**
 * Why the client cannot make anything of the body of a 200, about which it fails with a TypeError that says nothing, or
 * makes only a partial answer of it; undefined when it is not the body's fault. To be asked only then: it reads all of it.
 */
export function unusableBody(body: string): TelemetryError | undefined {
  const value = parse(body);
  if (value === undefined) {
    const what = body.trim() === '' ? 'an empty body' : 'a body that is not JSON';
    return new TelemetryError(
      'Unavailable',
      `Log Analytics answered 200 with ${what}; a proxy in between may be failing`,
    );
  }
  const partial = field(value, 'error');
  if (partial !== undefined && partial !== null) {
    return new TelemetryError('Partial', `Log Analytics answered in part only: ${errorMessage(partial)}`);
  }
  if (hasTables(value)) return undefined;
  return new TelemetryError('Malformed', 'Log Analytics answered 200 with JSON that holds no tables');
}

function hasTables(value: unknown): boolean {
  const tables = field(value, 'tables');
  return (
    Array.isArray(tables) &&
    tables.every((table) => {
      const rows = field(table, 'rows');
      return Array.isArray(field(table, 'columns')) && Array.isArray(rows) && rows.every(Array.isArray);
    })
  );
}

/** Seconds from Retry-After (a number or a date), from 1 to 300; undefined when there is none that can be read. */
function retryAfter({ header }: Answered, now: number): number | undefined {
  const text = header('retry-after')?.trim();
  if (!text) return undefined;
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.ceil(Math.min(Math.max(seconds, 1), LONGEST_RETRY_SECONDS));
}

function serviceMessage(body: string): string {
  const said = errorMessage(field(parse(body), 'error'));
  return said === '' ? '' : `; it says: ${said}`;
}

/**
 * The messages of the service's error object, outermost first. The useful part is nested: in
 * `innererror.innererror.message`, or in `details[].innererror.message` of a partial answer.
 */
function errorMessage(error: unknown): string {
  const messages: string[] = [];
  collect(error, messages, 5);
  return messages.join(' - ').slice(0, 600);
}

function collect(error: unknown, messages: string[], depth: number): void {
  const message = field(error, 'message');
  if (typeof message === 'string' && !messages.includes(message)) messages.push(message);
  if (depth === 0) return;
  const details = field(error, 'details');
  const nested = [...(Array.isArray(details) ? details.slice(0, 3) : []), field(error, 'innererror')];
  for (const each of nested) collect(each, messages, depth - 1);
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not JSON: that is what the caller asks
  }
}
