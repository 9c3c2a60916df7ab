/**
 * A KQL string literal whose value is exactly `value`, whatever it contains. Nothing in it can end the literal: quotes,
 * backslashes, line ends and everything that a lexer, an editor or an encoding could treat specially is written as an
 * escape, half surrogate pairs too. This is the only way in which text from outside enters a query.
 */
export function stringLiteral(value: string): string {
  return `"${value.replace(SPECIAL, escapeUnit)}"`;
}

/** A KQL datetime literal. @param instant ms since the epoch @throws RangeError when that is not a valid instant */
export function datetimeLiteral(instant: number): string {
  return `datetime(${new Date(instant).toISOString()})`;
}

/** A KQL literal of type real. @throws RangeError when the number is not finite */
export function realLiteral(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`${value} has no KQL literal of type real`);
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** A KQL literal of type long. @throws RangeError when the number is not a safe integer */
export function longLiteral(value: number | undefined): string {
  if (value === undefined) return 'long(null)';
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} has no KQL literal of type long`);
  return String(value + 0);
}

/** `("a", "b")`: the right-hand side of `in`. */
export function stringList(values: readonly string[]): string {
  return `(${values.map(stringLiteral).join(', ')})`;
}

/** Code units, not code points: both halves of a pair are escaped, so a half alone needs no special case. */
const SPECIAL =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to be found
  /["\\\u0000-\u001f\u007f-\u00a0\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\ud800-\udfff\ufeff\ufff0-\uffff]/g;

const SHORT: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeUnit(unit: string): string {
  return SHORT[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
