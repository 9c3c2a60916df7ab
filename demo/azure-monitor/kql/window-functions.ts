import { KqlError, notTranslated } from './errors.ts';
import type { Node } from './syntax.ts';
import { type Expression, expression, type Scope } from './translation.ts';

type WindowFunction = (args: readonly Node[], scope: Scope, node: Node) => Expression;

/** Functions of the row's place; the rows must be sorted or serialised. */
export const windowFunctions: readonly (readonly [string, WindowFunction])[] = [
  ['row_number', rowNumber],
  ['row_cumsum', cumulativeSum],
  ['prev', neighbour('lag')],
  ['next', neighbour('lead')],
];

function orderOf(scope: Scope, node: Node): string {
  const order = scope.row?.order;
  if (order === undefined) {
    const message = `Function '${node.text}' cannot be invoked. The row set must be serialized.`;
    throw new KqlError('SemanticError', 'SEM0001', message, node.start);
  }
  scope.translation.windowUsed = true;
  return `ORDER BY ${order}`;
}

function rowNumber(args: readonly Node[], scope: Scope, node: Node): Expression {
  if (args.length > 1) throw notTranslated('row_number() that restarts', node.start);
  const [start] = args.map((arg) => scope.translation.scalar(arg, scope));
  const offset = start === undefined ? '' : ` + ${start.sql} - 1`;
  return expression(`(row_number() OVER (${orderOf(scope, node)})${offset})`, 'long', false);
}

function cumulativeSum(args: readonly Node[], scope: Scope, node: Node): Expression {
  const [value, restart] = args.map((arg) => scope.translation.scalar(arg, scope));
  if (value === undefined || restart !== undefined) throw notTranslated('row_cumsum() that restarts', node.start);
  const type = value.type === 'int' ? 'long' : value.type;
  const sum = `sum(${value.sql}) OVER (${orderOf(scope, node)} ROWS UNBOUNDED PRECEDING)`;
  return expression(`CAST(${sum} AS ${type === 'real' ? 'DOUBLE' : 'BIGINT'})`, type);
}

function neighbour(name: 'lag' | 'lead'): WindowFunction {
  return (args, scope, node) => {
    const [value, offset, fallback] = args.map((arg) => scope.translation.scalar(arg, scope));
    if (value === undefined || fallback !== undefined) throw notTranslated(`${node.text} with a default`, node.start);
    if (offset !== undefined && typeof offset.literal !== 'number') {
      throw notTranslated(`${node.text} with a computed offset`, node.start);
    }
    const distance = offset?.literal ?? 1;
    return expression(`${name}(${value.sql}, ${distance}) OVER (${orderOf(scope, node)})`, value.type);
  };
}
