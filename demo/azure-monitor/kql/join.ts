import { KqlError, notTranslated } from './errors.ts';
import { child, elements, type Node, optionalChild, resultColumns } from './syntax.ts';
import { expression, findColumn, isNumeric, type Relation, type RelationColumn, type Scope } from './translation.ts';

const HINTS = /^hint\.(shufflekey|strategy|num_partitions|remote)$/;

interface KeyPair {
  left: RelationColumn;
  right: RelationColumn;
}

type Kind = 'inner' | 'innerunique' | 'leftouter' | 'leftanti' | 'leftsemi';

/** Other names of the same kinds; the default keeps one row per key of the left side. */
const KINDS: Record<string, Kind> = {
  inner: 'inner',
  innerunique: 'innerunique',
  leftouter: 'leftouter',
  leftanti: 'leftanti',
  anti: 'leftanti',
  leftantisemi: 'leftanti',
  leftsemi: 'leftsemi',
};

export function join(node: Node, input: Relation, scope: Scope): Relation {
  return joined(node, input, scope, kindOf(node, 'innerunique'), (right) => right.columns);
}

/** A join that leaves out the right side's keys; leftouter unless asked otherwise. */
export function lookup(node: Node, input: Relation, scope: Scope): Relation {
  const kind = kindOf(node, 'leftouter');
  if (kind !== 'leftouter' && kind !== 'inner') throw notTranslated(`lookup kind=${kind}`, node.start);
  return joined(node, input, scope, kind, (right, keys) =>
    right.columns.filter((column) => !keys.some((key) => key.right === column)),
  );
}

function joined(
  node: Node,
  left: Relation,
  scope: Scope,
  kind: Kind,
  rightOutput: (right: Relation, keys: readonly KeyPair[]) => readonly RelationColumn[],
): Relation {
  const { translation } = scope;
  const right = translation.tabular(child(node, 'Expression'), { translation, names: scope.names });
  const clause = optionalChild(node, 'ConditionClause') ?? optionalChild(node, 'LookupClause');
  if (clause?.kind !== 'JoinOnClause') throw notTranslated(`a join without 'on' (${node.text})`, node.start);
  const keys = elements(clause, 'Expressions').map((item) => keyPair(item, left, right));
  const on = keys.map((key) => `l.${key.left.id} = r.${key.right.id}`).join(' AND ');
  const result = resultColumns(node);

  if (kind === 'leftanti' || kind === 'leftsemi') {
    const test = `EXISTS (SELECT 1 FROM ${right.source} AS r WHERE ${on})`;
    const where = kind === 'leftanti' ? `NOT ${test}` : test;
    return { columns: left.columns, source: translation.step(`SELECT l.* FROM ${left.source} AS l WHERE ${where}`) };
  }
  const leftSource = kind === 'innerunique' ? oneRowPerKey(left, keys, scope) : left.source;
  const outer = kind === 'leftouter';
  const sides = [
    ...left.columns.map((column) => ({ column, sql: `l.${column.id}`, missing: false })),
    ...rightOutput(right, keys).map((column) => ({ column, sql: `r.${column.id}`, missing: outer })),
  ];
  if (sides.length !== result.length) throw notTranslated(`the columns of ${node.text}`, node.start);
  const columns = sides.map(({ column, sql, missing }, index) => {
    const value = expression(sql, column.type, missing || (column.nullable && column.type !== 'string'));
    const name = result[index]?.name ?? column.name;
    return { name, type: column.type, nullable: value.nullable, id: translation.fresh('c'), sql: value.sql };
  });
  const selected = columns.map(({ sql, id }) => `${sql} AS ${id}`).join(', ');
  const source = translation.step(
    `SELECT ${selected} FROM ${leftSource} AS l ${outer ? 'LEFT' : 'INNER'} JOIN ${right.source} AS r ON ${on}`,
  );
  return { source, columns: columns.map(({ sql: _, ...column }) => column) };
}

function oneRowPerKey(left: Relation, keys: readonly KeyPair[], scope: Scope): string {
  const ids = keys.map((key) => key.left.id).join(', ');
  return scope.translation.step(`SELECT DISTINCT ON (${ids}) * FROM ${left.source}`);
}

function kindOf(node: Node, fallback: Kind): Kind {
  let kind = fallback;
  for (const parameter of elements(node, 'Parameters')) {
    const name = child(parameter, 'Name').name;
    if (HINTS.test(name)) continue;
    const value = child(parameter, 'Expression').text;
    const known = name === 'kind' ? KINDS[value] : undefined;
    if (known === undefined) throw notTranslated(`the parameter ${parameter.text}`, parameter.start);
    kind = known;
  }
  return kind;
}

/** `on Name`, or `on $left.A == $right.B` in either order. */
function keyPair(item: Node, left: Relation, right: Relation): KeyPair {
  if (item.kind === 'NameReference') {
    return sameType({ left: findColumn(left, item.name, item), right: findColumn(right, item.name, item) }, item);
  }
  if (item.kind !== 'EqualExpression') throw notTranslated(`the join condition ${item.text}`, item.start);
  const sides = new Map([child(item, 'Left'), child(item, 'Right')].map((side) => [sideName(side), side]));
  const [leftSide, rightSide] = [sides.get('$left'), sides.get('$right')];
  if (leftSide === undefined || rightSide === undefined) {
    throw notTranslated(`the join condition ${item.text}`, item.start);
  }
  return sameType(
    {
      left: findColumn(left, child(leftSide, 'Selector').name, item),
      right: findColumn(right, child(rightSide, 'Selector').name, item),
    },
    item,
  );
}

function sideName(side: Node): string {
  return side.kind === 'PathExpression' ? child(side, 'Expression').name : '';
}

function sameType(pair: KeyPair, item: Node): KeyPair {
  const { left, right } = pair;
  if (left.type === 'dynamic' || (left.type !== right.type && !(isNumeric(left.type) && isNumeric(right.type)))) {
    const message = `join: cannot compare ${left.type} with ${right.type} (${item.text})`;
    throw new KqlError('SemanticError', 'SEM0064', message, item.start);
  }
  return pair;
}
