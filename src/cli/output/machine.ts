import { stringify } from 'yaml';
import type { Result } from './result.ts';

/** The result as programs read it. */
export function machineResult({ subject, verdict, reason, summary, exitCode, figures }: Result) {
  return { subject, verdict, reason, summary, exitCode, ...figures };
}

export function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

export function toYaml(value: unknown): string {
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 120 });
}
