import { stringOperand } from './conversions.ts';
import { notTranslated } from './errors.ts';
import { at, type NamedFunction, plain } from './plain-function.ts';
import { expression } from './translation.ts';

const parseJson = plain((args, node) => {
  const value = at(args, 0, node);
  if (value.type === 'dynamic') return value;
  const { sql } = stringOperand(value, node);
  const json = `CASE WHEN ${sql} = '' THEN NULL WHEN json_valid(${sql}) THEN CAST(${sql} AS JSON) ELSE to_json(${sql}) END`;
  return expression(`kql_dynamic(${json})`, 'dynamic');
});

const arrayLength = plain((args, node) => {
  const { sql, type } = at(args, 0, node);
  if (type !== 'dynamic') throw notTranslated(`array_length() of a ${type}`, node.start);
  return expression(`CASE WHEN json_type(${sql}) = 'ARRAY' THEN CAST(json_array_length(${sql}) AS BIGINT) END`, 'long');
});

/** Position of a string in a dynamic array of strings, -1 when it is not there. */
const arrayIndexOf = plain((args, node) => {
  const [list, value] = [at(args, 0, node), at(args, 1, node)];
  if (args.length > 2 || list.type !== 'dynamic' || value.type !== 'string') {
    throw notTranslated(`${node.text} with other than an array and a string`, node.start);
  }
  const position = `list_position(json_extract_string(${list.sql}, '$[*]'), ${value.sql})`;
  return expression(`CAST(coalesce(${position}, 0) - 1 AS BIGINT)`, 'long', false);
});

const packArray = plain((args, node) => {
  const refused = args.find(({ type }) => type === 'datetime' || type === 'timespan');
  if (refused !== undefined) throw notTranslated(`${node.text} with a ${refused.type}`, node.start);
  return expression(`json_array(${args.map(({ sql }) => sql).join(', ')})`, 'dynamic', false);
});

/** Functions of JSON. */
export const dynamicFunctions: readonly NamedFunction[] = [
  ['todynamic', parseJson],
  ['parse_json', parseJson],
  ['array_length', arrayLength],
  ['array_index_of', arrayIndexOf],
  ['pack_array', packArray],
];
