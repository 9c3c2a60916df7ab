import { notTranslated } from './errors.ts';
import { child, listItems, type Node } from './syntax.ts';
import {
  coerce,
  columnReference,
  type Expression,
  expression,
  findColumn,
  type Scope,
  sqlType,
} from './translation.ts';

/** Aggregates that give several columns; undefined for all others. */
export function groupAggregates(node: Node, scope: Scope): Expression[] | undefined {
  if (node.kind !== 'FunctionCallExpression') return undefined;
  const name = child(node, 'Name').name;
  const args = listItems(child(node, 'ArgumentList'));
  switch (name) {
    case 'arg_min':
    case 'arg_max':
      return extremeRow(name, node, args, scope);
    case 'take_any':
      return node.columns === undefined ? undefined : anyRow(node, args, scope);
    case 'percentiles':
      return percentiles(node, args, scope);
  }
  return undefined;
}

/** arg_max(key, columns…): the values of one row that has the greatest key. */
function extremeRow(name: string, node: Node, args: readonly Node[], scope: Scope): Expression[] {
  const [first, ...others] = args;
  if (first === undefined) throw notTranslated(node.text, node.start);
  const key = scope.translation.scalar(first, scope);
  if (key.type === 'dynamic') throw notTranslated(`${name}() of a dynamic`, node.start);
  const aggregate = name === 'arg_min' ? 'min' : 'max';
  const returned = rowValues(node, others, 1, scope);
  const largest = expression(`${aggregate}(${key.sql})`, key.type);
  return [largest, ...pick(returned, (packed) => `${name}(${packed}, ${key.sql})`)];
}

function anyRow(node: Node, args: readonly Node[], scope: Scope): Expression[] {
  return pick(rowValues(node, args, 0, scope), (packed) => `any_value(${packed})`);
}

/** For `*`, what the analysis says it stands for. */
function rowValues(node: Node, args: readonly Node[], skipped: number, scope: Scope): Expression[] {
  if (!args.some((arg) => arg.kind === 'StarExpression')) {
    return args.map((arg) => scope.translation.scalar(arg, scope));
  }
  const { row } = scope;
  if (args.length !== 1 || node.columns === undefined || row === undefined) throw notTranslated(node.text, node.start);
  return node.columns.slice(skipped).map(({ name }) => columnReference(findColumn(row, name, node)));
}

function pick(values: readonly Expression[], aggregate: (packed: string) => string): Expression[] {
  const packed = `{${values.map(({ sql }, index) => `'v${index}': ${sql}`).join(', ')}}`;
  return values.map(({ type }, index) => expression(`struct_extract(${aggregate(packed)}, 'v${index}')`, type));
}

function percentiles(node: Node, args: readonly Node[], scope: Scope): Expression[] {
  const [first, ...ranks] = args.map((arg) => scope.translation.scalar(arg, scope));
  if (first === undefined) throw notTranslated(node.text, node.start);
  return ranks.map(({ literal }) => {
    if (typeof literal !== 'number') throw notTranslated(`a computed percentile (${node.text})`, node.start);
    const value = expression(`quantile_disc(${first.sql}, ${literal / 100})`, first.type);
    return first.type === 'int' || first.type === 'long'
      ? { ...coerce(value, 'long', node), sql: `CAST(${value.sql} AS ${sqlType('long')})` }
      : value;
  });
}
