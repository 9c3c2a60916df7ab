import { conditionFunctions } from './condition-functions.ts';
import { convert } from './conversions.ts';
import { dynamicFunctions } from './dynamic-functions.ts';
import { numericFunctions } from './numeric-functions.ts';
import { at, type FunctionTranslation, plain } from './plain-function.ts';
import type { KqlType } from './syntax.ts';
import { textFunctions } from './text-functions.ts';
import { timeFunctions } from './time-functions.ts';
import { windowFunctions } from './window-functions.ts';

/** Every function that is not an aggregate; what is missing here is refused. */
export const scalarFunctions: ReadonlyMap<string, FunctionTranslation> = new Map([
  ['tostring', conversion('string')],
  ['tolong', conversion('long')],
  ['toint', conversion('int')],
  ['todouble', conversion('real')],
  ['toreal', conversion('real')],
  ['tobool', conversion('bool')],
  ['toboolean', conversion('bool')],
  ['todatetime', conversion('datetime')],
  ...conditionFunctions,
  ...numericFunctions,
  ...textFunctions,
  ...dynamicFunctions,
  ...timeFunctions,
  ...windowFunctions,
]);

function conversion(type: KqlType): FunctionTranslation {
  return plain((args, node) => convert(at(args, 0, node), type, node));
}
