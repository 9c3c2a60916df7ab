import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { runInThisContext } from 'node:vm';
import { KqlError } from './errors.ts';
import type { Node, TypedName } from './syntax.ts';

export interface TableSchema {
  name: string;
  columns: readonly TypedName[];
}

export type Parser = (kql: string) => Node;

/** Parses and analyses against the tables. Throws KqlError for what Microsoft's parser calls an error. */
export function createParser(tables: readonly TableSchema[]): Parser {
  const { Language } = loadKusto();
  const symbols = tables.map((table) => {
    const columns = table.columns.map(({ name, type }) => `['${name}']:${type}`).join(', ');
    return Language.Symbols.TableSymbol.From(`(${columns})`).WithName(table.name);
  });
  const database = new Language.Symbols.DatabaseSymbol.ctor('workspace', symbols);
  const globals = Language.GlobalState.Default.WithDatabase(database);
  return (kql) => {
    const code = Language.KustoCode.ParseAndAnalyze(kql, globals);
    if (code.Kind !== 'Query') {
      throw new KqlError('SyntaxError', 'SYN0002', `A query was expected, not a ${code.Kind.toLowerCase()}`, 0);
    }
    refuseDiagnostics(listOf(code.GetDiagnostics()), kql);
    return toNode(code.Syntax, '');
  };
}

/** Diagnostics KS001 to KS099, KS176 and KS198 are the parser's; the others come from the analysis of names and types. */
function refuseDiagnostics(diagnostics: RawDiagnostic[], kql: string): void {
  const errors = diagnostics.filter((diagnostic) => diagnostic.Severity === 'Error');
  const syntax = errors.find(({ Code }) => /^KS0\d\d$/.test(Code) || Code === 'KS176' || Code === 'KS198');
  const first = syntax ?? errors[0];

  if (first === undefined) return;
  if (syntax !== undefined) {
    const token = kql.slice(first.Start, first.Start + Math.max(first.Length, 1));
    const where = token === '' ? 'at the end of the query' : `at '${token}'`;
    throw new KqlError('SyntaxError', 'SYN0002', `Query could not be parsed ${where}: ${first.Message}`, first.Start);
  }
  const unresolved = /^The name '(.*)' does not refer to any known (column|table)/s.exec(first.Message);
  const message =
    unresolved === null
      ? first.Message
      : `Failed to resolve ${unresolved[2] === 'table' ? 'table' : 'column or scalar'} expression named '${unresolved[1]}'`;
  throw new KqlError('SemanticError', unresolved === null ? 'SEM0001' : 'SEM0100', message, first.Start);
}

function toNode(raw: RawNode, role: string): Node {
  const kind = kindName(raw.Kind);
  const symbol = raw.ReferencedSymbol;
  const columns = raw.ResultType?.Columns;
  const value =
    kind === 'StringLiteralExpression' || kind === 'CompoundStringLiteralExpression' ? raw.LiteralValue : '';
  return {
    kind,
    role,
    text: raw.IsToken ? (raw.Text ?? '') : raw.toString().trim(),
    start: raw.TextStart,
    name: raw.SimpleName ?? '',
    symbol: symbol ? loadKusto().Language.Symbols.SymbolKind.$names[symbol.Kind] : undefined,
    type: raw.ResultType?.Name,
    columns: columns ? listOf(columns).map(({ Name, Type }) => ({ name: Name, type: Type.Name })) : undefined,
    stringValue: typeof value === 'string' ? value : undefined,
    children: kind === 'List' ? rawChildren(raw).map(([item]) => toNode(unwrap(item), 'Element')) : convert(raw),
  };
}

function convert(raw: RawNode): Node[] {
  return rawChildren(raw).map(([item, role]) => toNode(item, role));
}

/** A list's element comes with its comma. */
function unwrap(raw: RawNode): RawNode {
  if (kindName(raw.Kind) !== 'SeparatedElement') return raw;
  return raw.GetChild(0) ?? raw;
}

function rawChildren(raw: RawNode): [RawNode, string][] {
  const found: [RawNode, string][] = [];
  for (let index = 0; index < raw.ChildCount; index += 1) {
    const item = raw.GetChild(index);
    if (item) found.push([item, raw.GetName(index) ?? '']);
  }
  return found;
}

function listOf<T>(list: RawList<T>): T[] {
  return Array.from({ length: list.Count }, (_, index) => list.getItem(index));
}

let kindNames: Map<number, string> | undefined;

function kindName(kind: number): string {
  kindNames ??= new Map(
    Object.entries(loadKusto().Language.Syntax.SyntaxKind).flatMap(([name, value]) =>
      typeof value === 'number' ? [[value, name] as const] : [],
    ),
  );
  return kindNames.get(kind) ?? `SyntaxKind ${kind}`;
}

let kusto: KustoLibrary | undefined;

/** The library is compiled from C# and puts itself into the global scope; it is not a module. */
function loadKusto(): KustoLibrary {
  if (kusto !== undefined) return kusto;
  const folder = dirname(createRequire(import.meta.url).resolve('@kusto/language-service-next/package.json'));
  for (const file of ['bridge.min.js', 'Kusto.Language.Bridge.min.js']) {
    const filename = join(folder, file);
    runInThisContext(readFileSync(filename, 'utf8'), { filename });
  }
  const loaded: unknown = Reflect.get(globalThis, 'Kusto');
  if (!isKusto(loaded)) throw new Error('@kusto/language-service-next did not define Kusto.Language');
  kusto = loaded;
  return loaded;
}

function isKusto(value: unknown): value is KustoLibrary {
  return typeof value === 'object' && value !== null && 'Language' in value;
}

/* The part of the library that is used here. */

interface RawList<T> {
  Count: number;
  getItem(index: number): T;
}

interface RawDiagnostic {
  Severity: string;
  Code: string;
  Message: string;
  Start: number;
  Length: number;
}

interface RawType {
  Name: string;
  Columns?: RawList<{ Name: string; Type: RawType }>;
}

interface RawNode {
  Kind: number;
  IsToken: boolean;
  Text?: string;
  TextStart: number;
  SimpleName?: string | null;
  ReferencedSymbol?: { Kind: number } | null;
  ResultType?: RawType | null;
  LiteralValue?: unknown;
  ChildCount: number;
  GetChild(index: number): RawNode | null;
  GetName(index: number): string | null;
  toString(): string;
}

interface TableSymbol {
  WithName(name: string): TableSymbol;
}

interface KustoLibrary {
  Language: {
    Symbols: {
      TableSymbol: { From(schema: string): TableSymbol };
      DatabaseSymbol: { ctor: new (name: string, members: TableSymbol[]) => unknown };
      SymbolKind: { $names: Record<number, string> };
    };
    Syntax: { SyntaxKind: Record<string, unknown> };
    GlobalState: { Default: { WithDatabase(database: unknown): unknown } };
    KustoCode: {
      ParseAndAnalyze(
        text: string,
        globals: unknown,
      ): { Kind: string; Syntax: RawNode; GetDiagnostics(): RawList<RawDiagnostic> };
    };
  };
}
