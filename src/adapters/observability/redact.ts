/**
 * The value without secrets, as deep as a log line goes: fields that are called like one, and tokens, assertions, signatures
 * and passwords within a text. Nothing that reads a token hands it to the log; this is for messages of libraries and servers,
 * which quote what they please.
 */
export function redact(value: unknown, depth = 6): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return redactText(value.message);
  if ('toJSON' in value && typeof value.toJSON === 'function') return redact(value.toJSON(), depth - 1);
  if (depth <= 0) return '[too deep]';
  if (Array.isArray(value)) return value.map((each) => redact(each, depth - 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, SECRET_FIELD.test(key) ? LEFT_OUT : redact(each, depth - 1)]),
  );
}

export function redactText(text: string): string {
  return PATTERNS.reduce((rest, [pattern, replacement]) => rest.replaceAll(pattern, replacement), text);
}

const LEFT_OUT = '[redacted]';

const SECRET_FIELD =
  /^(.*[-_])?(authorization|cookie|set-cookie|password|passwd|secret|token|credentials?|apikey|api[-_]key|connection_?string)$|(password|secret|token|assertion|apikey)$/i;

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // A JSON web token: header and payload are objects, so both begin with {" in base64url.
  [/eyJ[\w-]{5,}\.eyJ[\w-]{5,}(\.[\w-]*)?/g, LEFT_OUT],
  [/\bBearer\s+[\w.~+/-]{20,}=*/gi, `Bearer ${LEFT_OUT}`],
  [/\b(authorization["']?\s*[:=]\s*["']?)(?:(?:Basic|Bearer)\s+)?[^\s"',}]+/gi, `$1${LEFT_OUT}`],
  [
    /\b(client_secret|client_assertion|assertion|access_token|refresh_token|id_token|password|sig)=(?!\[)[^&\s"']+/gi,
    `$1=${LEFT_OUT}`,
  ],
  [
    /("(?:client_secret|client_assertion|assertion|access_token|refresh_token|id_token|password|token)"\s*:\s*")[^"]*/gi,
    `$1${LEFT_OUT}`,
  ],
  // Application Insights and storage connection strings.
  [/\b(InstrumentationKey|SharedAccessKey|AccountKey)=(?!\[)[^;\s"']+/gi, `$1=${LEFT_OUT}`],
  // https://user:password@host
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+:)[^\s/@]+@/gi, `$1${LEFT_OUT}@`],
];
