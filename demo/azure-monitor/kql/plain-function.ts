import { notTranslated } from './errors.ts';
import type { Node } from './syntax.ts';
import type { Expression, Scope } from './translation.ts';

export type FunctionTranslation = (args: readonly Node[], scope: Scope, node: Node) => Expression;

export type NamedFunction = readonly [name: string, translate: FunctionTranslation];

/** On translated arguments; the parser has checked how many there are. */
type Plain = (args: readonly Expression[], node: Node) => Expression;

export function plain(translate: Plain): FunctionTranslation {
  return (args, scope, node) =>
    translate(
      args.map((arg) => scope.translation.scalar(arg, scope)),
      node,
    );
}

export function at(args: readonly Expression[], index: number, node: Node): Expression {
  const arg = args[index];
  if (arg === undefined) throw notTranslated(`${node.text} with ${args.length} arguments`, node.start);
  return arg;
}
