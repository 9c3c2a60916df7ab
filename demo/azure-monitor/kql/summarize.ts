import { notTranslated } from './errors.ts';
import { groupAggregates } from './group-aggregates.ts';
import { child, elements, type Node, optionalChild, resultColumns } from './syntax.ts';
import { coerce, type Expression, type Relation, type RelationColumn, type Scope } from './translation.ts';

/** Hints change how the service spreads the work, not the result. */
const HINTS = /^hint\.(shufflekey|strategy|num_partitions)$/;

export function summarize(node: Node, input: Relation, scope: Scope): Relation {
  for (const parameter of elements(node, 'Parameters')) {
    if (!HINTS.test(child(parameter, 'Name').name)) {
      throw notTranslated(`the parameter ${parameter.text}`, parameter.start);
    }
  }
  const byClause = optionalChild(node, 'ByClause');
  const keys = (byClause === undefined ? [] : elements(byClause, 'Expressions')).map((item) =>
    scope.translation.scalar(unnamed(item), scope),
  );
  const values = [...keys, ...elements(node, 'Aggregates').flatMap((item) => aggregate(item, scope))];
  const result = resultColumns(node);
  if (result.length !== values.length) throw notTranslated(`the columns of ${node.text}`, node.start);
  const columns = result.map(({ name, type }, index): RelationColumn & { sql: string } => {
    const value = values[index];
    if (value === undefined) throw notTranslated(`the column '${name}' of ${node.text}`, node.start);
    const { sql, nullable } = coerce(value, type, node);
    return { name, type, nullable, id: scope.translation.fresh('c'), sql };
  });
  const selected = columns.map(({ sql, id }) => `${sql} AS ${id}`).join(', ');
  const groups = keys.length === 0 ? '' : ` GROUP BY ${keys.map((_, index) => index + 1).join(', ')}`;
  const source = scope.translation.step(`SELECT ${selected} FROM ${input.source}${groups}`);
  return { source, columns: columns.map(({ sql: _, ...column }) => column) };
}

function unnamed(item: Node): Node {
  return item.kind === 'SimpleNamedExpression' || item.kind === 'CompoundNamedExpression'
    ? child(item, 'Expression')
    : item;
}

function aggregate(item: Node, scope: Scope): Expression[] {
  const inner = unnamed(item);
  return groupAggregates(inner, scope) ?? [scope.translation.scalar(inner, { ...scope, aggregating: true })];
}
