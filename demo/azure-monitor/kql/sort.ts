import { notTranslated } from './errors.ts';
import { child, elements, type Node, optionalChild } from './syntax.ts';
import { type Relation, type Scope, withSource } from './translation.ts';

export function sort(node: Node, input: Relation, scope: Scope): Relation {
  return ordered(elements(node, 'Expressions'), input, scope);
}

export function top(node: Node, input: Relation, scope: Scope): Relation {
  return limit(child(node, 'Expression'), ordered([child(node, 'ByExpression')], input, scope), scope);
}

/** Without an order, any rows. */
export function take(node: Node, input: Relation, scope: Scope): Relation {
  return limit(child(node, 'Expression'), input, scope);
}

function limit(rows: Node, input: Relation, scope: Scope): Relation {
  const count = scope.translation.scalar(rows, { translation: scope.translation, names: scope.names });
  if (count.type !== 'long' && count.type !== 'int') throw notTranslated(`${rows.text} rows`, rows.start);
  const order = input.order === undefined ? '' : ` ORDER BY ${input.order}`;
  return withSource(input, scope.translation.step(`SELECT * FROM ${input.source}${order} LIMIT ${count.sql}`));
}

/** The order is a column, because SQL promises none for the rows of a subquery. */
function ordered(keys: readonly Node[], input: Relation, scope: Scope): Relation {
  const order = scope.translation.fresh('o');
  const terms = keys.map((key) => orderTerm(key, scope)).join(', ');
  const source = scope.translation.step(
    `SELECT *, row_number() OVER (ORDER BY ${terms}) AS ${order} FROM ${input.source}`,
  );
  return { ...input, source, order };
}

/** Descending unless asked otherwise; nulls come last when descending and first when ascending. */
function orderTerm(key: Node, scope: Scope): string {
  const inner = key.kind === 'OrderedExpression' ? child(key, 'Expression') : key;
  const value = scope.translation.scalar(inner, scope);
  if (value.type === 'dynamic') throw notTranslated(`sorting by the dynamic ${inner.text}`, inner.start);
  const ordering = optionalChild(key, 'Ordering');
  const ascending = ordering !== undefined && optionalChild(ordering, 'AscOrDescKeyword')?.text === 'asc';
  const nullsClause = ordering === undefined ? undefined : optionalChild(ordering, 'NullsClause');
  const nulls = nullsClause === undefined ? undefined : optionalChild(nullsClause, 'FirstOrLastKeyword')?.text;
  const nullsFirst = nulls === undefined ? ascending : nulls === 'first';
  return `${value.sql} ${ascending ? 'ASC' : 'DESC'} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`;
}
