import { human } from './human.ts';
import { junit } from './junit.ts';
import { machineResult, toJson, toYaml } from './machine.ts';
import { resultMarkdown } from './markdown.ts';
import type { Result } from './result.ts';

export const FORMATS = ['human', 'json', 'yaml', 'markdown', 'junit'] as const;
export type Format = (typeof FORMATS)[number];

export function render(result: Result, format: Format): string {
  if (format === 'json') return toJson(machineResult(result));
  if (format === 'yaml') return toYaml(machineResult(result));
  if (format === 'markdown') return resultMarkdown(result);
  return format === 'junit' ? junit(result) : human(result);
}
