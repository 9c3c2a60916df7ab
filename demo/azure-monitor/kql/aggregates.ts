import { convert, toText } from './conversions.ts';
import { notTranslated } from './errors.ts';
import { type Node, scalarType } from './syntax.ts';
import { coerce, type Expression, expression, type Scope, sqlType } from './translation.ts';

type Aggregate = (args: readonly Node[], scope: Scope, node: Node) => Expression;

/**
 * Aggregates of one column; nulls do not take part. Without input they give the service's defaults:
 * 0 for counts and sums, [] for lists and sets, NaN for avg, else null.
 * https://learn.microsoft.com/kusto/query/summarize-operator#default-values-of-aggregations
 */
export const aggregates: ReadonlyMap<string, Aggregate> = new Map<string, Aggregate>([
  ['count', (args, _scope, node) => count(args, node)],
  ['countif', (args, scope, node) => expression(`count(*)${filter(args[0], scope, node)}`, 'long', false)],
  ['sum', (args, scope, node) => sum(args, scope, node, '')],
  ['sumif', (args, scope, node) => sum(args, scope, node, filter(args[1], scope, node))],
  ['avg', (args, scope, node) => average(args, scope, node, '')],
  ['avgif', (args, scope, node) => average(args, scope, node, filter(args[1], scope, node))],
  ['min', (args, scope, node) => extreme('min', args, scope, node, '')],
  ['max', (args, scope, node) => extreme('max', args, scope, node, '')],
  ['minif', (args, scope, node) => extreme('min', args, scope, node, filter(args[1], scope, node))],
  ['maxif', (args, scope, node) => extreme('max', args, scope, node, filter(args[1], scope, node))],
  // The service estimates distinct counts and percentiles; here they are exact.
  ['dcount', (args, scope, node) => distinctCount(args, scope, node, '')],
  ['dcountif', (args, scope, node) => distinctCount(args, scope, node, filter(args[1], scope, node))],
  ['count_distinct', (args, scope, node) => distinctCount(args, scope, node, '')],
  ['count_distinctif', (args, scope, node) => distinctCount(args, scope, node, filter(args[1], scope, node))],
  ['percentile', percentile],
  ['take_any', (args, scope, node) => any(args, scope, node)],
  ['any', (args, scope, node) => any(args, scope, node)],
  ['make_list', (args, scope, node) => list(args, scope, node, { distinct: false, conditional: false })],
  ['make_list_if', (args, scope, node) => list(args, scope, node, { distinct: false, conditional: true })],
  ['make_set', (args, scope, node) => list(args, scope, node, { distinct: true, conditional: false })],
  ['make_set_if', (args, scope, node) => list(args, scope, node, { distinct: true, conditional: true })],
]);

function argument(arg: Node | undefined, scope: Scope, node: Node): Expression {
  if (arg === undefined) throw notTranslated(`${node.text} with so few arguments`, node.start);
  return scope.translation.scalar(arg, scope);
}

function filter(arg: Node | undefined, scope: Scope, node: Node): string {
  return ` FILTER (WHERE ${convert(argument(arg, scope, node), 'bool', node).sql})`;
}

function count(args: readonly Node[], node: Node): Expression {
  if (args.length > 0) throw notTranslated(`${node.text}: count() takes no argument`, node.start);
  return expression('count(*)', 'long', false);
}

function sum(args: readonly Node[], scope: Scope, node: Node, where: string): Expression {
  const value = argument(args[0], scope, node);
  const type = scalarType(node);
  const summable = value.type === 'timespan' ? value : coerce(value, type, node);
  return expression(`CAST(coalesce(sum(${summable.sql})${where}, 0) AS ${sqlType(type)})`, type, false);
}

function average(args: readonly Node[], scope: Scope, node: Node, where: string): Expression {
  const value = argument(args[0], scope, node);
  if (scalarType(node) !== 'real') throw notTranslated(`${node.text}: avg of a ${value.type}`, node.start);
  const mean = `avg(${coerce(value, 'real', node).sql})${where}`;
  return expression(`coalesce(${mean}, CAST('nan' AS DOUBLE))`, 'real', false);
}

function extreme(name: string, args: readonly Node[], scope: Scope, node: Node, where: string): Expression {
  const value = argument(args[0], scope, node);
  if (value.type === 'dynamic') throw notTranslated(`${name}() of a dynamic (${node.text})`, node.start);
  return coerce(expression(`${name}(${value.sql})${where}`, value.type), scalarType(node), node);
}

function distinctCount(args: readonly Node[], scope: Scope, node: Node, where: string): Expression {
  return expression(`count(DISTINCT ${argument(args[0], scope, node).sql})${where}`, 'long', false);
}

/** The smallest value that at least the fraction of the values do not exceed. */
function percentile(args: readonly Node[], scope: Scope, node: Node): Expression {
  const value = argument(args[0], scope, node);
  const rank = argument(args[1], scope, node);
  if (typeof rank.literal !== 'number') throw notTranslated(`a computed percentile (${node.text})`, node.start);
  return coerce(expression(`quantile_disc(${value.sql}, ${rank.literal / 100})`, value.type), scalarType(node), node);
}

function any(args: readonly Node[], scope: Scope, node: Node): Expression {
  const value = argument(args[0], scope, node);
  return expression(`any_value(${value.sql})`, value.type);
}

function list(
  args: readonly Node[],
  scope: Scope,
  node: Node,
  { distinct, conditional }: { distinct: boolean; conditional: boolean },
): Expression {
  const value = argument(args[0], scope, node);
  const limit = args[conditional ? 2 : 1];
  const size = limit === undefined ? undefined : argument(limit, scope, node).literal;
  if (limit !== undefined && typeof size !== 'number') {
    throw notTranslated(`${node.text} with a computed size`, node.start);
  }
  // JSON has no times: they are listed as the service writes them.
  const item = value.type === 'datetime' || value.type === 'timespan' ? toText(value).sql : value.sql;
  const condition = conditional ? ` AND ${convert(argument(args[1], scope, node), 'bool', node).sql}` : '';
  const order = !distinct && scope.row?.order !== undefined ? ` ORDER BY ${scope.row.order}` : '';
  const collected = `list(${distinct ? 'DISTINCT ' : ''}${item}${order}) FILTER (WHERE ${value.sql} IS NOT NULL${condition})`;
  const bounded = size === undefined ? collected : `list_slice(${collected}, 1, ${size})`;
  return expression(`coalesce(to_json(${bounded}), CAST('[]' AS JSON))`, 'dynamic', false);
}
