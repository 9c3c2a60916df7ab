import { printable } from '../../core/status/printable.ts';

/**
 * Text from outside (names from telemetry, messages of other programs) for a terminal or a log: on one line, without what
 * steers a terminal, and without what Azure Pipelines and GitHub Actions take for a command inside a line.
 */
export function plain(text: string): string {
  return printable(text.replaceAll(/[\t\n\r]+/g, ' ')).replaceAll(/##(?=\[|vso\[)/g, '# #');
}
