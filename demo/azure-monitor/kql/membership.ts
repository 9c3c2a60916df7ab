import { comparable, equality } from './binary-operators.ts';
import { stringOperand } from './conversions.ts';
import { KqlError, notTranslated } from './errors.ts';
import { termMatch } from './string-operators.ts';
import { child, listItems, type Node } from './syntax.ts';
import { type Expression, expression, type Scope } from './translation.ts';

/** `in`, `has_any`, `has_all` and `between`, with their negations and their `~` forms. */
export function membership(node: Node, scope: Scope): Expression {
  const left = scope.translation.scalar(child(node, 'Left'), scope);
  if (node.kind.endsWith('BetweenExpression')) return between(node, left, scope);
  const items = listItems(child(node, 'Right'));
  if (node.kind === 'HasAnyExpression' || node.kind === 'HasAllExpression') return hasTerms(node, left, items, scope);
  // The parser calls `in` InExpression and `in~`, which ignores case, InCsExpression.
  const ignoreCase = node.kind.endsWith('InCsExpression');
  const found = isIn(node, left, items, ignoreCase, scope);
  return node.kind.startsWith('Not') ? expression(`(NOT ${found})`, 'bool', false) : expression(found, 'bool', false);
}

function isIn(node: Node, left: Expression, items: readonly Node[], ignoreCase: boolean, scope: Scope): string {
  const [only] = items;
  if (items.length === 1 && only?.columns !== undefined) return inTable(node, left, only, ignoreCase, scope);
  const values = items.map((item) => scope.translation.scalar(item, scope));
  const [first] = values;
  if (values.length === 1 && first?.type === 'dynamic') return inDynamic(node, left, first, ignoreCase);
  const pairs = values.map((value) => comparable(left, value, node));
  const [pair] = pairs;
  if (pair === undefined) return 'false';
  if (ignoreCase) {
    const folds = pairs.map(([a, b]) => [
      folded(stringOperand(a, node).sql, true),
      folded(stringOperand(b, node).sql, true),
    ]);
    return `(${folds[0]?.[0]} IN (${folds.map(([, b]) => b).join(', ')}))`;
  }
  // One evaluation of the left side, where null needs no care.
  if (pairs.every(([a, b]) => a.sql === pair[0].sql && !b.nullable)) {
    return `coalesce(${pair[0].sql} IN (${pairs.map(([, b]) => b.sql).join(', ')}), false)`;
  }
  return `coalesce(${pairs.map(([a, b]) => equality(a, b, false).sql).join(' OR ')}, false)`;
}

function inTable(node: Node, left: Expression, table: Node, ignoreCase: boolean, scope: Scope): string {
  const relation = scope.translation.tabular(table, { translation: scope.translation, names: scope.names });
  const [column] = relation.columns;
  if (column === undefined || relation.columns.length !== 1) {
    throw new KqlError('SemanticError', 'SEM0001', `in(): one column is expected (${table.text})`, node.start);
  }
  const [a, b] = comparable(left, { sql: column.id, type: column.type, nullable: column.nullable }, node);
  if (ignoreCase && a.type !== 'string') throw notTranslated(`${node.text} on a ${a.type}`, node.start);
  const values = `SELECT ${folded(b.sql, ignoreCase)} FROM ${relation.source} WHERE ${column.id} IS NOT NULL`;
  return `coalesce(${folded(a.sql, ignoreCase)} IN (${values}), false)`;
}

function inDynamic(node: Node, left: Expression, list: Expression, ignoreCase: boolean): string {
  if (left.type !== 'string') throw notTranslated(`a ${left.type} in a dynamic list (${node.text})`, node.start);
  const values = `json_extract_string(${list.sql}, '$[*]')`;
  const candidates = ignoreCase ? `list_transform(${values}, lambda v: lower(v))` : values;
  return `coalesce(list_contains(${candidates}, ${folded(left.sql, ignoreCase)}), false)`;
}

function folded(sql: string, ignoreCase: boolean): string {
  return ignoreCase ? `lower(${sql})` : sql;
}

function hasTerms(node: Node, left: Expression, items: readonly Node[], scope: Scope): Expression {
  const haystack = stringOperand(left, node).sql;
  const tests = items.map((item) => {
    const value = scope.translation.scalar(item, scope);
    if (typeof value.literal !== 'string') throw notTranslated(`${node.text} with other than strings`, item.start);
    return termMatch(haystack, value.literal, { atStart: true, atEnd: true, caseSensitive: false });
  });
  return expression(`(${tests.join(node.kind === 'HasAllExpression' ? ' AND ' : ' OR ')})`, 'bool', false);
}

/** Both ends belong to the range; after a datetime, a timespan as second end counts from the first one. */
function between(node: Node, left: Expression, scope: Scope): Expression {
  const couple = child(node, 'Right');
  const from = scope.translation.scalar(child(couple, 'First'), scope);
  const second = scope.translation.scalar(child(couple, 'Second'), scope);
  const to: Expression =
    from.type === 'datetime' && second.type === 'timespan'
      ? { sql: `(${from.sql} + to_microseconds(${second.sql} // 10))`, type: 'datetime', nullable: second.nullable }
      : second;
  const [a, low] = comparable(left, from, node);
  const [b, high] = comparable(left, to, node);
  const test = `(${a.sql} >= ${low.sql} AND ${b.sql} <= ${high.sql})`;
  const nullable = a.nullable || low.nullable || high.nullable;
  return expression(node.kind.startsWith('Not') ? `(NOT ${test})` : test, 'bool', nullable);
}
