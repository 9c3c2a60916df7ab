/**
 * True when the labels are among those that a selector of `labelSelector` selects, by the rules of the API server. True also
 * for a selector of another form: what is not understood may select.
 */
export function selects(selector: string, labels: Readonly<Record<string, unknown>>): boolean {
  // A comma between the values of a set separates no terms.
  return selector.split(/,(?![^(]*\))/).every((term) => holds(term.trim(), labels));
}

function holds(term: string, labels: Readonly<Record<string, unknown>>): boolean {
  const set = /^(\S+) (in|notin) \((.*)\)$/.exec(term);
  if (set !== null) {
    const [, key = '', operator, values = ''] = set;
    const value = labels[key];
    const isIn = typeof value === 'string' && values.split(',').includes(value);
    return operator === 'in' ? isIn : !isIn;
  }
  const equal = /^([^=!\s]+)=([^=]*)$/.exec(term);
  if (equal !== null) return labels[equal[1] ?? ''] === equal[2];
  const bare = /^(!?)([^=!\s()]+)$/.exec(term);
  if (bare === null) return true;
  const isThere = labels[bare[2] ?? ''] !== undefined;
  return bare[1] === '!' ? !isThere : isThere;
}
