import { notTranslated } from './errors.ts';

/** Column types that the stand-in knows; KQL's decimal and guid are refused. */
export type KqlType = 'string' | 'long' | 'int' | 'real' | 'bool' | 'datetime' | 'timespan' | 'dynamic';

export interface TypedName {
  name: string;
  type: string;
}

/** A node of Microsoft's syntax tree, as plain data. Lists and separators are flattened into `children`. */
export interface Node {
  /** Name in Kusto.Language.Syntax.SyntaxKind. */
  kind: string;
  /** The node's role in its parent, as "Expression" or "ByClause". */
  role: string;
  text: string;
  start: number;
  /** The decoded name of a reference or declaration. */
  name: string;
  /** What a name refers to: Column, Table, Variable, Parameter, Function, … */
  symbol: string | undefined;
  /** Scalar result type. */
  type: string | undefined;
  /** Result columns, when the node is tabular. */
  columns: TypedName[] | undefined;
  /** The lexer's value of a string literal. */
  stringValue: string | undefined;
  children: Node[];
}

const TYPES = new Set<string>(['string', 'long', 'int', 'real', 'bool', 'datetime', 'timespan', 'dynamic']);

export function isKqlType(type: string): type is KqlType {
  return TYPES.has(type);
}

export function scalarType(node: Node): KqlType {
  if (node.type !== undefined && isKqlType(node.type)) return node.type;
  throw notTranslated(`an expression of type '${node.type ?? 'unknown'}' (${node.text})`, node.start);
}

export function resultColumns(node: Node): { name: string; type: KqlType }[] {
  if (node.columns === undefined) throw notTranslated(`'${node.text}' as a table`, node.start);
  return node.columns.map(({ name, type }) => {
    if (!isKqlType(type)) throw notTranslated(`the column '${name}' of type '${type}'`, node.start);
    return { name, type };
  });
}

export function optionalChild(node: Node, role: string): Node | undefined {
  return node.children.find((child) => child.role === role);
}

export function child(node: Node, role: string): Node {
  const found = optionalChild(node, role);
  if (found === undefined) throw notTranslated(`${node.kind} without ${role}`, node.start);
  return found;
}

/** The elements of the list in that role; none when the list is absent. */
export function elements(node: Node, role: string): Node[] {
  return optionalChild(node, role)?.children ?? [];
}

/** The arguments of a function call or of a parenthesised list. */
export function listItems(node: Node): Node[] {
  return elements(node, 'Expressions');
}
