import { recordAt, recordsAt, stringAt } from './fields.ts';

/**
 * A label selector as the API server's list requests take it: of a Service (a map of labels) or of a workload
 * (`matchLabels` and `matchExpressions`). Undefined when it selects nothing in particular or cannot be read: an empty text
 * would select every pod of the namespace.
 */
export function labelSelector(selector: Record<string, unknown> | undefined): string | undefined {
  if (selector === undefined) return undefined;
  const ofWorkload = 'matchLabels' in selector || 'matchExpressions' in selector;
  const labels = Object.entries((ofWorkload ? recordAt(selector, 'matchLabels') : selector) ?? {});
  const terms = [
    ...labels.map(([name, value]) => (typeof value === 'string' ? `${name}=${value}` : undefined)),
    ...(ofWorkload ? recordsAt(selector, 'matchExpressions').map(expression) : []),
  ];
  const known = terms.filter((term) => term !== undefined);
  return known.length === terms.length && known.length > 0 ? known.join(',') : undefined;
}

function expression(requirement: Record<string, unknown>): string | undefined {
  const key = stringAt(requirement, 'key');
  const values = Array.isArray(requirement.values) ? requirement.values.map(String).join(',') : '';
  if (key === undefined) return undefined;
  switch (requirement.operator) {
    case 'In':
      return `${key} in (${values})`;
    case 'NotIn':
      return `${key} notin (${values})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    default:
      return undefined;
  }
}
