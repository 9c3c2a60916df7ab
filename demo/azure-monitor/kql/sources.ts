import { notTranslated } from './errors.ts';
import { child, elements, type Node, resultColumns } from './syntax.ts';
import { coerce, type Expression, nullOf, type Relation, type Scope } from './translation.ts';

export function print(node: Node, scope: Scope): Relation {
  const values = elements(node, 'Expressions').map((item) =>
    scope.translation.scalar(item.kind === 'SimpleNamedExpression' ? child(item, 'Expression') : item, scope),
  );
  return rows(node, [values], scope);
}

/** range x from a to b step c: both ends belong to it. */
export function range(node: Node, scope: Scope): Relation {
  const [column] = resultColumns(node);
  if (column === undefined) throw notTranslated(node.text, node.start);
  const bound = (role: string) => scope.translation.scalar(child(node, role), scope);
  const [from, to, step] = [bound('From'), bound('To'), bound('Step')];
  const id = scope.translation.fresh('c');
  const source = scope.translation.step(`SELECT ${series(node, from, to, step)} AS ${id}`);
  return { source, columns: [{ name: column.name, type: column.type, nullable: false, id }] };
}

function series(node: Node, from: Expression, to: Expression, step: Expression): string {
  const integers = [from, to, step].every(({ type }) => type === 'long' || type === 'int');
  if (integers) {
    const [a, b, c] = [from, to, step].map((bound) => coerce(bound, 'long', node).sql);
    return `unnest(generate_series(${a}, ${b}, ${c}))`;
  }
  if (from.type === 'datetime' && to.type === 'datetime' && step.type === 'timespan') {
    return `unnest(generate_series(${from.sql}, ${to.sql}, to_microseconds(${step.sql} // 10)))`;
  }
  throw notTranslated(`a range of ${from.type} by ${step.type}`, node.start);
}

export function dataTable(node: Node, scope: Scope): Relation {
  const columns = resultColumns(node);
  const values = elements(node, 'Values').map((item) => scope.translation.scalar(item, scope));
  if (columns.length === 0 || values.length % columns.length !== 0) {
    throw notTranslated(`a datatable whose values do not fill its rows`, node.start);
  }
  const filled = Array.from({ length: values.length / columns.length }, (_, index) =>
    values.slice(index * columns.length, (index + 1) * columns.length),
  );
  return rows(node, filled, scope);
}

function rows(node: Node, values: readonly (readonly Expression[])[], scope: Scope): Relation {
  const columns = resultColumns(node).map((column) => ({ ...column, id: scope.translation.fresh('c') }));
  const selects = values.map((row) => {
    if (row.length !== columns.length) throw notTranslated(`the columns of ${node.text}`, node.start);
    const cells = row.map((value, index) => {
      const column = columns[index];
      if (column === undefined) throw notTranslated(node.text, node.start);
      return `${coerce(value, column.type, node).sql} AS ${column.id}`;
    });
    return `SELECT ${cells.join(', ')}`;
  });
  const empty = `SELECT ${columns.map(({ type, id }) => `${nullOf(type).sql} AS ${id}`).join(', ')} WHERE false`;
  const source = scope.translation.step(selects.length === 0 ? empty : selects.join(' UNION ALL '));
  return { source, columns: columns.map((column) => ({ ...column, nullable: column.type !== 'string' })) };
}
