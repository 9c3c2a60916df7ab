import { ApiException } from '@kubernetes/client-node';

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiException && error.code === 404;
}

/** A label selector as the API takes it in a query. */
export function selectorText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** Random letters as in the names that Kubernetes makes. */
export function randomSuffix(length: number): string {
  return Array.from({ length }, () => alphabet[Math.floor(Math.random() * alphabet.length)]).join('');
}
