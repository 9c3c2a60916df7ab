import { isRecord } from '../../api/structuralSchema.ts';
import { ClusterError, type ClusterErrorKind } from '../../engine/ports/cluster.ts';

/** A refusal of the API server. */
export class ApiError extends ClusterError {
  /** HTTP status code. */
  readonly code: number;
  /** Machine-readable reason of the Status object, for example AlreadyExists. */
  readonly reason: string | undefined;

  constructor(request: string, code: number, status: unknown, retryAfterSeconds?: number) {
    super(kindOf(code), `${request}: ${code} ${messageOf(status)}`, {
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    });
    this.name = 'ApiError';
    this.code = code;
    this.reason = isRecord(status) && typeof status.reason === 'string' ? status.reason : undefined;
  }
}

const kinds: Readonly<Record<number, ClusterErrorKind>> = {
  400: 'Invalid',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  // The object has grown over what the API server stores.
  413: 'Invalid',
  422: 'Invalid',
};

function kindOf(code: number): ClusterErrorKind {
  return kinds[code] ?? 'Unavailable';
}

/** `status` is a Status object of the API server, or the text of something between it and us. */
function messageOf(status: unknown): string {
  const message = isRecord(status) ? status.message : status;
  if (typeof message !== 'string') return '(no message)';
  // The API server quotes a whole object that it cannot decode, and a ConfigMap may hold what a log must not.
  return message
    .replaceAll(/(Invalid value: )"\{.*\}"/gs, '$1(object left out)')
    .slice(0, 1000)
    .trim();
}

/** Seconds of a Retry-After header (the form with a date is not used by the API server). */
export function parseRetryAfter(header: string | undefined): number | undefined {
  const seconds = header === undefined || header.trim() === '' ? Number.NaN : Number(header);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}
