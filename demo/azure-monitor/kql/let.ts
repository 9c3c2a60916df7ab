import { notTranslated } from './errors.ts';
import { child, type Node, optionalChild } from './syntax.ts';
import { type Binding, columnReference, type Relation, type Scope } from './translation.ts';

/** The names that are known after a `let`. */
export function withLet(statement: Node, scope: Scope): ReadonlyMap<string, Binding> {
  return new Map(scope.names).set(child(statement, 'Name').name, binding(child(statement, 'Expression'), scope));
}

/** The table of a function of `let` without parameters, whose body may have a `let` of its own. */
export function tableFunction(node: Node, scope: Scope): Relation {
  const name = child(node, 'Name').name;
  const bound = scope.names.get(name);
  if (bound?.kind !== 'function') throw notTranslated(`the function ${name}() as a table`, node.start);
  const parameters = child(child(bound.declaration, 'Parameters'), 'Parameters').children;
  const body = child(bound.declaration, 'Body');
  const result = optionalChild(body, 'Expression');
  if (parameters.length > 0 || result?.columns === undefined) {
    throw notTranslated(`the function ${name}() as a table`, node.start);
  }
  const { translation } = scope;
  let names: ReadonlyMap<string, Binding> = bound.names;
  for (const statement of child(body, 'Statements').children) {
    const inner = statement.kind === 'SeparatedElement' ? child(statement, 'Element') : statement;
    if (inner.kind !== 'LetStatement') throw notTranslated(`${inner.kind} (${inner.text})`, inner.start);
    names = withLet(inner, { translation, names });
  }
  return translation.tabular(result, { translation, names });
}

function binding(value: Node, scope: Scope): Binding {
  if (value.kind === 'FunctionDeclaration') {
    if (optionalChild(value, 'Parameters') === undefined) throw notTranslated(value.text, value.start);
    return { kind: 'function', declaration: value, names: scope.names };
  }
  if (value.columns !== undefined)
    return { kind: 'table', relation: narrowed(scope.translation.tabular(value, scope), scope) };
  const expression = scope.translation.scalar(value, scope);
  return { kind: 'scalar', expression: { ...expression, sql: `(${expression.sql})` } };
}

/** What is used more than once may be kept in memory, so only its own columns are. */
function narrowed(relation: Relation, scope: Scope): Relation {
  const hidden = [relation.order, relation.ingested].filter((id) => id !== undefined);
  const ids = new Set([...relation.columns.map((column) => columnReference(column).sql), ...hidden]);
  const source = scope.translation.step(`SELECT ${[...ids].join(', ')} FROM ${relation.source}`);
  return { ...relation, source };
}
