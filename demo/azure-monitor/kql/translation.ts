import { KqlError, notTranslated } from './errors.ts';
import type { KqlType, Node } from './syntax.ts';

/** A scalar in SQL. Strings are never NULL: KQL has no null string. */
export interface Expression {
  sql: string;
  type: KqlType;
  nullable: boolean;
  /** The value, where the query spells it out. */
  literal?: string | number;
  /** SQL of tostring() of it, where that is cheaper than the conversion of its value. */
  asText?: string;
}

/**
 * A column: the KQL name, which is case-sensitive and may repeat in a join's two sides, and the SQL identifier,
 * which is unique in the statement, because DuckDB's identifiers are case-insensitive.
 */
export interface RelationColumn {
  name: string;
  type: KqlType;
  nullable: boolean;
  id: string;
}

export interface Relation {
  /** Name of the common table expression that yields it. */
  source: string;
  columns: readonly RelationColumn[];
  /** Identifier of the row number column, once the rows are sorted or serialised. */
  order?: string;
  /** Identifier of the hidden column behind ingestion_time(). */
  ingested?: string;
}

export type Binding =
  | { kind: 'table'; relation: Relation }
  | { kind: 'scalar'; expression: Expression }
  | { kind: 'function'; declaration: Node; names: ReadonlyMap<string, Binding> };

export interface Scope {
  translation: Translation;
  names: ReadonlyMap<string, Binding>;
  /** The row that column references mean. */
  row?: Relation;
  /** Set while the aggregates of a summarize are translated. */
  aggregating?: boolean;
}

/** One query on its way to SQL: every operator adds a step, a common table expression. */
export interface Translation {
  now: Date;
  /** A name that is unique in the statement. */
  fresh(prefix: string): string;
  /** Adds the step and returns its name. */
  step(sql: string): string;
  /** A window function has been used since this was last set to false: its value cannot stand in a WHERE. */
  windowUsed: boolean;
  baseTable(name: string, node: Node): Relation;
  scalar(node: Node, scope: Scope): Expression;
  tabular(node: Node, scope: Scope): Relation;
}

const SQL_TYPES: Record<KqlType, string> = {
  string: 'VARCHAR',
  long: 'BIGINT',
  int: 'INTEGER',
  real: 'DOUBLE',
  bool: 'BOOLEAN',
  datetime: 'TIMESTAMP',
  timespan: 'BIGINT',
  dynamic: 'JSON',
};

export function sqlType(type: KqlType): string {
  return SQL_TYPES[type];
}

export function nullOf(type: KqlType): Expression {
  if (type === 'string') return text('');
  return { sql: `CAST(NULL AS ${sqlType(type)})`, type, nullable: true };
}

export function text(value: string): Expression {
  return { sql: sqlText(value), type: 'string', nullable: false, literal: value };
}

/** A SQL string literal; NUL cannot stand in one, so it is concatenated. */
export function sqlText(value: string): string {
  const parts = value.split('\0').map((part) => `'${part.replaceAll("'", "''")}'`);
  return parts.length === 1 ? (parts[0] ?? "''") : `(${parts.join(' || chr(0) || ')})`;
}

/** Makes strings non-null, as after an outer join or an aggregate without input. */
export function expression(sql: string, type: KqlType, nullable = true): Expression {
  if (type !== 'string') return { sql, type, nullable };
  return { sql: nullable ? `coalesce(${sql}, '')` : sql, type, nullable: false };
}

export function isNumeric(type: KqlType): boolean {
  return type === 'long' || type === 'int' || type === 'real';
}

/** Widens a number to the type that the analysis gave to the whole; other types must agree already. */
export function coerce(value: Expression, type: KqlType, node: Node): Expression {
  if (value.type === type) return value;
  if (isNumeric(value.type) && isNumeric(type)) {
    return { ...value, sql: `CAST(${value.sql} AS ${sqlType(type)})`, type };
  }
  throw notTranslated(`a ${value.type} where a ${type} is expected (${node.text})`, node.start);
}

export function findColumn(relation: Relation, name: string, node: Node): RelationColumn {
  const column = relation.columns.find((candidate) => candidate.name === name);
  if (column !== undefined) return column;
  throw new KqlError(
    'SemanticError',
    'SEM0100',
    `Failed to resolve column or scalar expression named '${name}'`,
    node.start,
  );
}

export function columnReference(column: RelationColumn): Expression {
  return { sql: column.id, type: column.type, nullable: column.nullable };
}

/** The relation after a step that keeps its columns and hidden columns. */
export function withSource(relation: Relation, source: string): Relation {
  return { ...relation, source };
}

/** Adds the expressions as columns; plain references get no new SQL column. */
export function addColumns(
  input: Relation,
  values: readonly { name: string; value: Expression }[],
  translation: Translation,
): { source: string; added: RelationColumn[] } {
  const computed: string[] = [];
  const added = values.map(({ name, value }) => {
    const existing = input.columns.find(({ id }) => id === value.sql);
    const id = existing?.id ?? translation.fresh('c');
    if (existing === undefined) computed.push(`${value.sql} AS ${id}`);
    return { name, type: value.type, nullable: value.nullable, id };
  });
  const source =
    computed.length === 0 ? input.source : translation.step(`SELECT *, ${computed.join(', ')} FROM ${input.source}`);
  return { source, added };
}
