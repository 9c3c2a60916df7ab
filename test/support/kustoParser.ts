import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { runInThisContext } from 'node:vm';

/** What Microsoft's parser says about a query: errors, warnings and suggestions, each with the text that it is about. */
export function diagnose(kql: string): string[] {
  return listOf(analyse(kql).GetDiagnostics()).map(
    ({ Severity, Code, Message, Start, Length }) =>
      `${Severity} ${Code}: ${Message} at '${kql.slice(Start, Start + Math.max(Length, 20))}'`,
  );
}

/** Names and types of the columns that a query returns. */
export function resultColumns(kql: string): Record<string, string> {
  const columns = analyse(kql).ResultType?.Columns;
  if (columns === undefined) throw new Error('the query returns no table');
  return Object.fromEntries(listOf(columns).map(({ Name, Type }) => [Name, Type.Name]));
}

/** The value that Microsoft's parser gives to an expression that is one string literal; undefined when it is not one. */
export function stringValue(literal: string): string | undefined {
  const code = analyse(`print ${literal}`);
  if (listOf(code.GetDiagnostics()).length > 0) return undefined;
  const values: unknown[] = [];
  walk(code.Syntax, (node) => {
    if (node.LiteralValue !== undefined && node.LiteralValue !== null) values.push(node.LiteralValue);
  });
  const [value] = values;
  return values.length === 1 && typeof value === 'string' ? value : undefined;
}

/** The values of all string literals of a query, in its order; an error when it is not one query without a complaint. */
export function stringValues(kql: string): string[] {
  const code = soundly(kql);
  const values: string[] = [];
  walk(code.Syntax, (node) => {
    if (typeof node.LiteralValue === 'string') values.push(node.LiteralValue);
  });
  return values;
}

/** The syntax tree of a query without its literals: what is executed, whatever the data. An error as in `stringValues`. */
export function shapeOf(kql: string): string {
  const code = soundly(kql);
  const kinds: string[] = [];
  const descend = (node: SyntaxNode): void => {
    kinds.push(String(node.Kind), '(');
    for (let index = 0; index < node.ChildCount; index += 1) {
      const child = node.GetChild(index);
      if (child) descend(child);
    }
    kinds.push(')');
  };
  descend(code.Syntax);
  return kinds.join('');
}

function soundly(kql: string): Code {
  const code = analyse(kql);
  const [problem] = listOf(code.GetDiagnostics());
  if (problem !== undefined) throw new Error(`${problem.Message} at ${problem.Start} of ${kql}`);
  return code;
}

const WORKSPACE = `TenantId:string, TimeGenerated:datetime, Id:string, Source:string, Name:string, Url:string, Success:bool,
 ResultCode:string, DurationMs:real, PerformanceBucket:string, Properties:dynamic, Measurements:dynamic, OperationName:string,
 OperationId:string, ParentId:string, SyntheticSource:string, SessionId:string, UserId:string, UserAuthenticatedId:string,
 UserAccountId:string, AppVersion:string, AppRoleName:string, AppRoleInstance:string, ClientType:string, ClientModel:string,
 ClientOS:string, ClientIP:string, ClientCity:string, ClientStateOrProvince:string, ClientCountryOrRegion:string,
 ClientBrowser:string, ResourceGUID:string, IKey:string, SDKVersion:string, ItemCount:int, ReferencedItemId:string,
 ReferencedType:string, SourceSystem:string, Type:string, _ResourceId:string`;

const CLASSIC = `timestamp:datetime, id:string, source:string, name:string, url:string, success:string, resultCode:string,
 duration:real, performanceBucket:string, itemType:string, customDimensions:dynamic, customMeasurements:dynamic,
 operation_Name:string, operation_Id:string, operation_ParentId:string, operation_SyntheticSource:string, session_Id:string,
 user_Id:string, user_AuthenticatedId:string, user_AccountId:string, application_Version:string, client_Type:string,
 client_Model:string, client_OS:string, client_IP:string, client_City:string, client_StateOrProvince:string,
 client_CountryOrRegion:string, client_Browser:string, cloud_RoleName:string, cloud_RoleInstance:string, appId:string,
 appName:string, iKey:string, sdkVersion:string, itemId:string, itemCount:int, _ResourceId:string`;

let globals: unknown;

function analyse(kql: string): Code {
  const { Language } = loadKusto();
  if (globals === undefined) {
    const tables = [
      Language.Symbols.TableSymbol.From(`(${WORKSPACE})`).WithName('AppRequests'),
      Language.Symbols.TableSymbol.From(`(${CLASSIC})`).WithName('requests'),
    ];
    globals = Language.GlobalState.Default.WithDatabase(new Language.Symbols.DatabaseSymbol.ctor('workspace', tables));
  }
  return Language.KustoCode.ParseAndAnalyze(kql, globals);
}

function walk(node: SyntaxNode, visit: (node: SyntaxNode) => void): void {
  visit(node);
  for (let index = 0; index < node.ChildCount; index += 1) {
    const child = node.GetChild(index);
    if (child) walk(child, visit);
  }
}

function listOf<T>(list: List<T>): T[] {
  return Array.from({ length: list.Count }, (_, index) => list.getItem(index));
}

let kusto: Kusto | undefined;

/** The library is compiled from C# and puts itself into the global scope; it is no module. */
function loadKusto(): Kusto {
  if (kusto !== undefined) return kusto;
  const folder = dirname(createRequire(import.meta.url).resolve('@kusto/language-service-next/package.json'));
  for (const file of ['bridge.min.js', 'Kusto.Language.Bridge.min.js']) {
    runInThisContext(readFileSync(join(folder, file), 'utf8'), { filename: join(folder, file) });
  }
  const loaded: unknown = Reflect.get(globalThis, 'Kusto');
  if (!isKusto(loaded)) throw new Error('@kusto/language-service-next did not define Kusto.Language');
  kusto = loaded;
  return loaded;
}

function isKusto(value: unknown): value is Kusto {
  return typeof value === 'object' && value !== null && 'Language' in value;
}

interface List<T> {
  Count: number;
  getItem(index: number): T;
}

interface SyntaxNode {
  Kind: number;
  ChildCount: number;
  LiteralValue?: unknown;
  GetChild(index: number): SyntaxNode | null;
}

interface Code {
  Syntax: SyntaxNode;
  ResultType?: { Columns?: List<{ Name: string; Type: { Name: string } }> };
  GetDiagnostics(): List<{ Severity: string; Code: string; Message: string; Start: number; Length: number }>;
}

interface TableSymbol {
  WithName(name: string): TableSymbol;
}

interface Kusto {
  Language: {
    Symbols: {
      TableSymbol: { From(schema: string): TableSymbol };
      DatabaseSymbol: { ctor: new (name: string, members: TableSymbol[]) => unknown };
    };
    GlobalState: { Default: { WithDatabase(database: unknown): unknown } };
    KustoCode: { ParseAndAnalyze(text: string, globals: unknown): Code };
  };
}
