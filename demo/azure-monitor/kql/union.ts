import { notTranslated } from './errors.ts';
import { child, elements, type KqlType, type Node, resultColumns } from './syntax.ts';
import { nullOf, type Relation, type RelationColumn, type Scope } from './translation.ts';

/** All rows of all legs; a column that a leg lacks is null there. */
export function union(node: Node, scope: Scope, input?: Relation): Relation {
  for (const parameter of elements(node, 'Parameters')) {
    if (child(parameter, 'Name').name !== 'kind') {
      throw notTranslated(`the parameter ${parameter.text}`, parameter.start);
    }
  }
  const outside: Scope = { translation: scope.translation, names: scope.names };
  const legs = [
    ...(input === undefined ? [] : [input]),
    ...elements(node, 'Expressions').map((leg) => scope.translation.tabular(leg, outside)),
  ];
  const result = resultColumns(node).map((column) => ({ ...column, id: scope.translation.fresh('c') }));
  const used = legs.map(() => new Set<RelationColumn>());
  const selects = legs.map((leg, index) => {
    const items = result.map(({ name, type, id }) => {
      const column = legColumn(leg, name, type);
      if (column !== undefined) used[index]?.add(column);
      return `${column?.id ?? nullOf(type).sql} AS ${id}`;
    });
    return `SELECT ${items.join(', ')} FROM ${leg.source}`;
  });
  const columns = result.map((column): RelationColumn => ({ ...column, nullable: column.type !== 'string' }));
  return { source: scope.translation.step(selects.join(' UNION ALL ')), columns };
}

/** Columns of one name and several types become one column per type, as Name_string and Name_long. */
function legColumn(leg: Relation, name: string, type: KqlType): RelationColumn | undefined {
  return (
    leg.columns.find((column) => column.name === name && column.type === type) ??
    leg.columns.find((column) => `${column.name}_${column.type}` === name && column.type === type)
  );
}
