import { KqlError, notTranslated } from './errors.ts';
import { scalar } from './expressions.ts';
import { withLet } from './let.ts';
import { tabular } from './operators.ts';
import { child, type KqlType, type Node } from './syntax.ts';
import type { Binding, Relation, Scope, Translation } from './translation.ts';

export interface Statement {
  sql: string;
  columns: readonly { name: string; type: KqlType }[];
}

export interface TranslateOptions {
  /** What now() is, for the whole query. */
  now: Date;
  /** At most so many rows are read. */
  maxRows: number;
  /** The SELECT of a known table and its columns; undefined when there is none of that name. */
  baseTable(name: string): BaseTable | undefined;
}

export interface BaseTable {
  sql: string;
  columns: readonly { name: string; type: KqlType; nullable: boolean; id: string }[];
  ingested: string;
}

/** One SQL statement for the query: a common table expression per operator. */
export function translate(query: Node, options: TranslateOptions): Statement {
  const steps: string[] = [];
  const translation = newTranslation(steps, options);
  let names: ReadonlyMap<string, Binding> = new Map();
  let result: Relation | undefined;
  for (const statement of child(query, 'Statements').children) {
    const scope: Scope = { translation, names };
    if (statement.kind === 'LetStatement') {
      names = withLet(statement, scope);
      continue;
    }
    if (statement.kind !== 'ExpressionStatement') {
      throw notTranslated(`${statement.kind} (${statement.text})`, statement.start);
    }
    if (result !== undefined) throw notTranslated('a second query in one request', statement.start);
    const expression = child(statement, 'Expression');
    if (expression.columns === undefined) throw notTranslated(`a query that is no table`, statement.start);
    result = tabular(expression, scope);
  }
  if (result === undefined) {
    throw new KqlError('SyntaxError', 'SYN0001', 'No tabular statement found in the query', query.start);
  }
  const cells = result.columns.map(({ id }, index) => `${id} AS r${index}`).join(', ');
  const order = result.order === undefined ? '' : ` ORDER BY ${result.order}`;
  const sql = `WITH ${steps.join(',\n')}\nSELECT ${cells} FROM ${result.source}${order} LIMIT ${options.maxRows}`;
  return { sql, columns: result.columns.map(({ name, type }) => ({ name, type })) };
}

function newTranslation(steps: string[], options: TranslateOptions): Translation {
  let last = 0;
  const fresh = (prefix: string) => {
    last += 1;
    return `${prefix}${last}`;
  };
  const step = (sql: string) => {
    const name = fresh('s');
    steps.push(`${name} AS (${sql})`);
    return name;
  };
  const tables = new Map<string, Relation>();
  return {
    now: options.now,
    windowUsed: false,
    fresh,
    step,
    scalar,
    tabular,
    baseTable(name, node) {
      const known = tables.get(name);
      if (known !== undefined) return known;
      const table = options.baseTable(name);
      if (table === undefined) {
        throw new KqlError(
          'SemanticError',
          'SEM0100',
          `Failed to resolve table expression named '${name}'`,
          node.start,
        );
      }
      const relation = { source: step(table.sql), columns: table.columns, ingested: table.ingested };
      tables.set(name, relation);
      return relation;
    },
  };
}
