import { convert, stringOperand, toText } from './conversions.ts';
import { notTranslated } from './errors.ts';
import { at, type FunctionTranslation, type NamedFunction, plain } from './plain-function.ts';
import { isKqlType, type KqlType } from './syntax.ts';
import { expression } from './translation.ts';

function onText(build: (...args: string[]) => string, type: KqlType = 'string'): FunctionTranslation {
  return plain((args, node) =>
    expression(build(...args.map((arg) => stringOperand(arg, node).sql)), type, type !== 'string'),
  );
}

/** extract(regex, group, source[, typeof(type)]): no match gives an empty string. */
const extract: FunctionTranslation = (args, scope, node) => {
  const values = args.slice(0, 3).map((arg) => scope.translation.scalar(arg, scope));
  const group = at(values, 1, node);
  if (typeof group.literal !== 'number') throw notTranslated(`extract() with a computed group`, node.start);
  const [pattern, source] = [stringOperand(at(values, 0, node), node), stringOperand(at(values, 2, node), node)];
  const found = expression(`regexp_extract(${source.sql}, ${pattern.sql}, ${group.literal})`, 'string', true);
  const type = node.type ?? 'string';
  if (!isKqlType(type)) throw notTranslated(`extract() to ${type}`, node.start);
  return convert(found, type, node);
};

/** split(source, delimiter[, index]): a dynamic array; with an index, an array of that one part. */
const split = plain((args, node) => {
  const [source, delimiter] = [stringOperand(at(args, 0, node), node), stringOperand(at(args, 1, node), node)];
  const parts = `string_split(${source.sql}, ${delimiter.sql})`;
  const index = args[2];
  if (index === undefined) return expression(`to_json(${parts})`, 'dynamic', false);
  if (typeof index.literal !== 'number') throw notTranslated('split() with a computed index', node.start);
  return expression(`to_json(list_slice(${parts}, ${index.literal + 1}, ${index.literal + 1}))`, 'dynamic', false);
});

const substring = plain((args, node) => {
  const source = stringOperand(at(args, 0, node), node).sql;
  const [from, length] = [at(args, 1, node), args[2]];
  const rest = length === undefined ? '' : `, greatest(${length.sql}, 0)`;
  return expression(`substring(${source}, greatest(${from.sql}, 0) + 1${rest})`, 'string');
});

const concatenation = plain((args) =>
  expression(`concat(${args.map((arg) => toText(arg).sql).join(', ')})`, 'string', false),
);

/** Functions of strings; a dynamic is taken as its text. */
export const textFunctions: readonly NamedFunction[] = [
  ['split', split],
  ['extract', extract],
  ['substring', substring],
  ['strcat', concatenation],
  ['strlen', onText((a) => `length(${a})`, 'long')],
  ['toupper', onText((a) => `upper(${a})`)],
  ['tolower', onText((a) => `lower(${a})`)],
  ['replace_string', onText((a, b, c) => `replace(${a}, ${b}, ${c})`)],
  ['replace_regex', onText((a, b, c) => `regexp_replace(${a}, ${b}, ${c}, 'g')`)],
];
