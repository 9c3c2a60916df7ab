import { notTranslated } from './errors.ts';
import type { Node } from './syntax.ts';
import { type Expression, expression, sqlText } from './translation.ts';

type StringOperator = (left: Expression, right: Expression, node: Node) => Expression;

type Test = (left: string, right: string) => string;

/** Without `_cs` the operators ignore case, except `==` and `matches regex`. */
export const stringOperators: ReadonlyMap<string, StringOperator> = new Map([
  ...pair('Contains', (a, b) => `contains(${a}, ${b})`),
  ...pair('StartsWith', (a, b) => `starts_with(${a}, ${b})`),
  ...pair('EndsWith', (a, b) => `ends_with(${a}, ${b})`),
  ...terms('Has', true, true),
  ...terms('HasPrefix', true, false),
  ...terms('HasSuffix', false, true),
  ['EqualTildeExpression', ignoringCase((a, b) => `(${a} = ${b})`)],
  ['BangTildeExpression', ignoringCase((a, b) => `(${a} <> ${b})`)],
  ['MatchesRegexExpression', (a, b) => expression(`regexp_matches(${a.sql}, ${b.sql})`, 'bool', false)],
]);

function pair(name: string, test: Test): [string, StringOperator][] {
  const not: Test = (a, b) => `(NOT ${test(a, b)})`;
  return [
    [`${name}Expression`, ignoringCase(test)],
    [`Not${name}Expression`, ignoringCase(not)],
    [`${name}CsExpression`, (a, b) => expression(test(a.sql, b.sql), 'bool', false)],
    [`Not${name}CsExpression`, (a, b) => expression(not(a.sql, b.sql), 'bool', false)],
  ];
}

function ignoringCase(test: Test): StringOperator {
  return (a, b) => expression(test(`lower(${a.sql})`, `lower(${b.sql})`), 'bool', false);
}

function terms(name: string, atStart: boolean, atEnd: boolean): [string, StringOperator][] {
  const operator =
    (caseSensitive: boolean, negated: boolean): StringOperator =>
    (a, b, node) => {
      if (typeof b.literal !== 'string') {
        throw notTranslated(`a right side that is no string literal (${node.text})`, node.start);
      }
      const test = termMatch(a.sql, b.literal, { atStart, atEnd, caseSensitive });
      return expression(negated ? `(NOT ${test})` : test, 'bool', false);
    };
  return [
    [`${name}Expression`, operator(false, false)],
    [`Not${name}Expression`, operator(false, true)],
    [`${name}CsExpression`, operator(true, false)],
    [`Not${name}CsExpression`, operator(true, true)],
  ];
}

/** A term is a run of letters and digits, so a match must not begin or end inside of one. */
export function termMatch(
  sql: string,
  term: string,
  options: { atStart: boolean; atEnd: boolean; caseSensitive: boolean },
): string {
  const before = options.atStart && /^[\p{L}\p{N}]/u.test(term) ? '(?:^|[^\\p{L}\\p{N}])' : '';
  const after = options.atEnd && /[\p{L}\p{N}]$/u.test(term) ? '(?:$|[^\\p{L}\\p{N}])' : '';
  const escaped = term.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const pattern = `(?s${options.caseSensitive ? '' : 'i'})${before}${escaped}${after}`;
  return `regexp_matches(${sql}, ${sqlText(pattern)})`;
}
