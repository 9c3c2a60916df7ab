import { aggregates } from './aggregates.ts';
import { binaryOperator, isBinaryOperator } from './binary-operators.ts';
import { KqlError, notTranslated } from './errors.ts';
import { dynamicLiteral, literal } from './literals.ts';
import { membership } from './membership.ts';
import { scalarFunctions } from './scalar-functions.ts';
import { child, listItems, type Node, optionalChild } from './syntax.ts';
import {
  type Binding,
  columnReference,
  type Expression,
  expression,
  findColumn,
  type Scope,
  sqlText,
} from './translation.ts';

/** The SQL of a scalar expression. */
export function scalar(node: Node, scope: Scope): Expression {
  if (isBinaryOperator(node.kind)) return binaryOperator(node, scope);
  switch (node.kind) {
    case 'NameReference':
      return reference(node, scope);
    case 'ParenthesizedExpression': {
      const inner = scalar(child(node, 'Expression'), scope);
      return { ...inner, sql: /^[\w.]+$/.test(inner.sql) ? inner.sql : `(${inner.sql})` };
    }
    case 'ElementExpression':
      return element(node, scope);
    case 'PathExpression':
      return path(node, scope);
    case 'UnaryMinusExpression': {
      const operand = scalar(child(node, 'Expression'), scope);
      const literalValue = typeof operand.literal === 'number' ? { literal: -operand.literal } : {};
      return { sql: `(- ${operand.sql})`, type: operand.type, nullable: operand.nullable, ...literalValue };
    }
    case 'UnaryPlusExpression':
      return scalar(child(node, 'Expression'), scope);
    case 'InExpression':
    case 'InCsExpression':
    case 'NotInExpression':
    case 'NotInCsExpression':
    case 'HasAnyExpression':
    case 'HasAllExpression':
    case 'BetweenExpression':
    case 'NotBetweenExpression':
      return membership(node, scope);
    case 'FunctionCallExpression':
      return call(node, scope);
    case 'ToScalarExpression':
      return toScalar(node, scope);
    case 'DynamicExpression':
      return dynamicLiteral(node);
  }
  if (node.kind.endsWith('LiteralExpression')) return literal(node);
  throw notTranslated(`${node.kind} (${node.text})`, node.start);
}

function reference(node: Node, scope: Scope): Expression {
  if (node.symbol === 'Column') {
    if (scope.row === undefined) throw notTranslated(`a column outside of a table (${node.text})`, node.start);
    return columnReference(findColumn(scope.row, node.name, node));
  }
  const binding = scope.names.get(node.name);
  if (binding?.kind === 'scalar') return binding.expression;
  throw notTranslated(`the name '${node.name}' as a scalar`, node.start);
}

/** `Properties["key"]` and `list[0]`; what is not there is null. */
function element(node: Node, scope: Scope): Expression {
  const base = scalar(child(node, 'Expression'), scope);
  const selector = scalar(child(child(node, 'Selector'), 'Expression'), scope);
  if (base.type !== 'dynamic') throw notTranslated(`an element of a ${base.type} (${node.text})`, node.start);
  if (selector.type === 'string') return property(base, selector);
  if (typeof selector.literal === 'number' && selector.type !== 'real') {
    const index = selector.literal < 0 ? `#${selector.literal}` : selector.literal;
    return expression(`kql_dynamic(json_extract(${base.sql}, '$[${index}]'))`, 'dynamic');
  }
  throw notTranslated(`the index ${node.text}, which is no string and no integer literal`, node.start);
}

function path(node: Node, scope: Scope): Expression {
  const base = scalar(child(node, 'Expression'), scope);
  const selector = child(node, 'Selector');
  if (base.type !== 'dynamic' || selector.name === '') throw notTranslated(`the path ${node.text}`, node.start);
  return property(base, { sql: sqlText(selector.name), type: 'string', nullable: false, literal: selector.name });
}

/** A JSON pointer would also index an array by a key that looks like a number; KQL does not. */
function property(base: Expression, key: Expression): Expression {
  if (typeof key.literal !== 'string') {
    return expression(`kql_dynamic(json_extract(${base.sql}, kql_key(${key.sql})))`, 'dynamic');
  }
  const pointer = sqlText(`/${key.literal.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  const value = `kql_dynamic(json_extract(${base.sql}, ${pointer}))`;
  const asText = `coalesce(json_extract_string(${base.sql}, ${pointer}), '')`;
  if (!/^\d+$/.test(key.literal)) return { ...expression(value, 'dynamic'), asText };
  return expression(`CASE WHEN json_type(${base.sql}) = 'OBJECT' THEN ${value} END`, 'dynamic');
}

function call(node: Node, scope: Scope): Expression {
  const name = child(node, 'Name').name;
  const args = listItems(child(node, 'ArgumentList'));
  const binding = scope.names.get(name);
  if (binding?.kind === 'function') return userFunction(node, binding, args, scope);
  const aggregate = aggregates.get(name);
  if (aggregate !== undefined && scope.aggregating === true) {
    return aggregate(args, { ...scope, aggregating: false }, node);
  }
  const translate = scalarFunctions.get(name);
  if (translate === undefined) throw notTranslated(`the function ${name}()`, node.start);
  return translate(args, scope, node);
}

/** Functions of `let`: the body, with the arguments in place of the parameters. */
function userFunction(
  node: Node,
  binding: Extract<Binding, { kind: 'function' }>,
  args: readonly Node[],
  scope: Scope,
): Expression {
  const names = new Map(binding.names);
  const parameters = child(child(binding.declaration, 'Parameters'), 'Parameters').children;
  for (const [index, parameter] of parameters.entries()) {
    const declared = optionalChild(parameter, 'NameAndType');
    const given = args[index];
    if (declared === undefined || given === undefined || given.columns !== undefined) {
      throw notTranslated(`the parameter '${parameter.text}' of ${node.text}`, node.start);
    }
    names.set(child(declared, 'Name').name, { kind: 'scalar', expression: scope.translation.scalar(given, scope) });
  }
  const body = child(binding.declaration, 'Body');
  const result = optionalChild(body, 'Expression');
  if (child(body, 'Statements').children.length > 0 || result === undefined || result.columns !== undefined) {
    throw notTranslated(`the function body of ${node.text}`, node.start);
  }
  const value = scalar(result, { translation: scope.translation, names });
  return { ...value, sql: `(${value.sql})` };
}

/** The first column of the first row; a step of its own, so that it is computed once. */
function toScalar(node: Node, scope: Scope): Expression {
  const inner = child(node, 'Expression');
  if (inner.columns === undefined) return scalar(inner, { translation: scope.translation, names: scope.names });
  const relation = scope.translation.tabular(inner, { translation: scope.translation, names: scope.names });
  const [first] = relation.columns;
  if (first === undefined) throw new KqlError('SemanticError', 'SEM0001', 'toscalar() of no column', node.start);
  const order = relation.order === undefined ? '' : ` ORDER BY ${relation.order}`;
  const source = scope.translation.step(`SELECT ${first.id} AS v FROM ${relation.source}${order} LIMIT 1`);
  return expression(`(SELECT v FROM ${source})`, first.type);
}
