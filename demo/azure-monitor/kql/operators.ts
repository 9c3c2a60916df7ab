import { convert } from './conversions.ts';
import { KqlError, notTranslated } from './errors.ts';
import { join, lookup } from './join.ts';
import { tableFunction } from './let.ts';
import { sort, take, top } from './sort.ts';
import { dataTable, print, range } from './sources.ts';
import { summarize } from './summarize.ts';
import { child, elements, type Node, optionalChild, resultColumns } from './syntax.ts';
import { addColumns, columnReference, findColumn, type Relation, type Scope, withSource } from './translation.ts';
import { union } from './union.ts';

type Operator = (node: Node, input: Relation, scope: Scope) => Relation;

const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['FilterOperator', filter],
  ['ExtendOperator', extend],
  ['ProjectOperator', project],
  ['ProjectAwayOperator', byName],
  ['ProjectKeepOperator', byName],
  ['ProjectRenameOperator', rename],
  ['ProjectReorderOperator', byName],
  ['DistinctOperator', distinct],
  ['CountOperator', count],
  ['SummarizeOperator', summarize],
  ['SortOperator', sort],
  ['TopOperator', top],
  ['TakeOperator', take],
  ['SerializeOperator', serialize],
  ['JoinOperator', join],
  ['LookupOperator', lookup],
  ['UnionOperator', (node, input, scope) => union(node, scope, input)],
  // Drawing is the client's.
  ['RenderOperator', (_node, input) => input],
]);

/** The relation of a tabular expression. */
export function tabular(node: Node, scope: Scope): Relation {
  switch (node.kind) {
    case 'PipeExpression':
      return pipe(node, scope);
    case 'ParenthesizedExpression':
    case 'MaterializeExpression':
      return tabular(innerExpression(node), scope);
    case 'NameReference':
      return named(node, scope);
    case 'PrintOperator':
      return print(node, scope);
    case 'RangeOperator':
      return range(node, scope);
    case 'DataTableExpression':
      return dataTable(node, scope);
    case 'UnionOperator':
      return union(node, scope);
    case 'FunctionCallExpression':
      return tableFunction(node, scope);
  }
  throw notTranslated(`${node.kind} (${node.text})`, node.start);
}

function innerExpression(node: Node): Node {
  const direct = optionalChild(node, 'Expression');
  if (direct !== undefined) return direct;
  const tabularChild = node.children.find((candidate) => candidate.columns !== undefined);
  if (tabularChild === undefined) throw notTranslated(node.text, node.start);
  return tabularChild;
}

function pipe(node: Node, scope: Scope): Relation {
  const operator = child(node, 'Operator');
  const translate = operators.get(operator.kind);
  if (translate === undefined) throw notTranslated(`the operator ${operator.kind} (${operator.text})`, operator.start);
  const input = tabular(child(node, 'Expression'), scope);
  return translate(operator, input, { ...scope, row: input });
}

function named(node: Node, scope: Scope): Relation {
  const binding = scope.names.get(node.name);
  if (binding?.kind === 'table') return binding.relation;
  if (node.symbol === 'Table') return scope.translation.baseTable(node.name, node);
  throw notTranslated(`the name '${node.name}' as a table`, node.start);
}

function filter(node: Node, input: Relation, scope: Scope): Relation {
  refuseParameters(node);
  const { translation } = scope;
  translation.windowUsed = false;
  const condition = convert(translation.scalar(child(node, 'Condition'), scope), 'bool', node);
  if (!translation.windowUsed) {
    return withSource(input, translation.step(`SELECT * FROM ${input.source} WHERE ${condition.sql}`));
  }
  const id = translation.fresh('w');
  const computed = translation.step(`SELECT *, ${condition.sql} AS ${id} FROM ${input.source}`);
  return withSource(input, translation.step(`SELECT * FROM ${computed} WHERE ${id}`));
}

function refuseParameters(node: Node): void {
  const [parameter] = elements(node, 'Parameters');
  if (parameter !== undefined) throw notTranslated(`the parameter ${parameter.text}`, parameter.start);
}

/** The name that the query gives, or undefined where the service makes one up. */
function explicitName(node: Node): string | undefined {
  return node.kind === 'SimpleNamedExpression' ? child(node, 'Name').name : undefined;
}

function itemValue(node: Node, scope: Scope) {
  const inner = node.kind === 'SimpleNamedExpression' ? child(node, 'Expression') : node;
  return scope.translation.scalar(inner, scope);
}

function extend(node: Node, input: Relation, scope: Scope): Relation {
  const result = resultColumns(node);
  const items = elements(node, 'Expressions');
  const known = new Set([...input.columns.map(({ name }) => name), ...items.map(explicitName)]);
  const madeUp = result.map(({ name }) => name).filter((name) => !known.has(name));
  const values = items.map((item) => {
    const name = explicitName(item) ?? (item.kind === 'NameReference' ? item.name : madeUp.shift());
    if (name === undefined) throw notTranslated(`extend without a name (${item.text})`, item.start);
    return { name, value: itemValue(item, scope) };
  });
  const { source, added } = addColumns(input, values, scope.translation);
  const columns = result.map(
    ({ name }) => added.find((column) => column.name === name) ?? findColumn(input, name, node),
  );
  return { ...input, source, columns };
}

function project(node: Node, input: Relation, scope: Scope): Relation {
  const names = resultColumns(node).map(({ name }) => name);
  const items = elements(node, 'Expressions');
  if (names.length !== items.length)
    throw notTranslated(`project of several values at once (${node.text})`, node.start);
  const values = items.map((item, index) => ({ name: names[index] ?? '', value: itemValue(item, scope) }));
  const { source, added } = addColumns(input, values, scope.translation);
  return { ...input, source, columns: added };
}

/** Operators that only choose and order columns: the analysis has done the work, wildcards included. */
function byName(node: Node, input: Relation): Relation {
  return { ...input, columns: resultColumns(node).map(({ name }) => findColumn(input, name, node)) };
}

function rename(node: Node, input: Relation): Relation {
  const names = resultColumns(node).map(({ name }) => name);
  for (const item of elements(node, 'Expressions')) {
    const from = item.kind === 'SimpleNamedExpression' ? child(item, 'Expression') : item;
    if (from.kind !== 'NameReference') throw notTranslated(`project-rename of ${item.text}`, item.start);
  }
  if (names.length !== input.columns.length) throw notTranslated(node.text, node.start);
  return { ...input, columns: input.columns.map((column, index) => ({ ...column, name: names[index] ?? '' })) };
}

function distinct(node: Node, input: Relation, scope: Scope): Relation {
  refuseParameters(node);
  const items = elements(node, 'Expressions');
  const all = items.length === 1 && items[0]?.kind === 'StarExpression';
  const names = resultColumns(node).map(({ name }) => name);
  const values = all
    ? input.columns.map((column) => ({ name: column.name, value: columnReference(column) }))
    : items.map((item, index) => ({ name: names[index] ?? '', value: itemValue(item, scope) }));
  const { source, added } = addColumns(input, values, scope.translation);
  const ids = added.map(({ id }) => id).join(', ');
  return { source: scope.translation.step(`SELECT DISTINCT ${ids} FROM ${source}`), columns: added };
}

function count(node: Node, input: Relation, scope: Scope): Relation {
  const [column] = resultColumns(node);
  if (column === undefined) throw new KqlError('SemanticError', 'SEM0001', 'count without a column', node.start);
  const id = scope.translation.fresh('c');
  const source = scope.translation.step(`SELECT count(*) AS ${id} FROM ${input.source}`);
  return { source, columns: [{ name: column.name, type: 'long', nullable: false, id }] };
}

/** Keeps the order that the rows have; any order will do for rows that have none. */
function serialize(node: Node, input: Relation, scope: Scope): Relation {
  if (input.order !== undefined) return extend(node, input, scope);
  const order = scope.translation.fresh('o');
  const source = scope.translation.step(`SELECT *, row_number() OVER () AS ${order} FROM ${input.source}`);
  const ordered = { ...input, source, order };
  return extend(node, ordered, { ...scope, row: ordered });
}
