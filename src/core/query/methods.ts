import { stringList } from './escape.ts';

/** RFC 9110, PATCH (RFC 5789), QUERY and WebDAV (RFC 4918). */
const HTTP_METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'QUERY',
  'PROPFIND',
  'PROPPATCH',
  'MKCOL',
  'COPY',
  'MOVE',
  'LOCK',
  'UNLOCK',
];

/**
 * The condition on the column `Name` that leaves out operations which cannot have been copied: those whose first word is
 * an HTTP method outside of `copied`. A name that does not begin with a method is kept, because nothing is known about
 * it. Methods are case-sensitive, as in HTTP. None when every method is copied (`*`).
 */
export function methodCondition(copied: readonly string[]): string | undefined {
  const others = HTTP_METHODS.filter((method) => !copied.includes(method));
  if (copied.includes('*') || others.length === 0) return undefined;
  return `extract("^[^ ]*", 0, Name) !in ${stringList(others)}`;
}
