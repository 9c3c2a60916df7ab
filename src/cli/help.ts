import { EXIT_CODES } from '../api/exitCodes.ts';
import type { CommandDescription, Options } from './command.ts';

const WIDTH = 100;

export function generalHelp(commands: readonly CommandDescription[]): string {
  const names = commands.map(({ name, operands }) => `${name} ${operands}`.trim());
  const width = Math.max(...names.map((name) => name.length));
  return [
    'kubectl-mirror runs MirrorExperiments and shows what they found. As a plugin: kubectl mirror COMMAND.',
    '',
    'Commands:',
    ...commands.map(({ summary }, index) => indented((names[index] ?? '').padEnd(width + 2), summary)),
    '',
    'Exit codes:',
    ...exitCodeLines(),
    '',
    'kubectl-mirror COMMAND --help tells the options of a command; kubectl-mirror --version the version.',
    '',
  ].join('\n');
}

export function commandHelp({ name, operands, summary, details, options, examples }: CommandDescription): string {
  return [
    `Usage: kubectl-mirror ${`${name} ${operands}`.trim()} [options]`,
    '',
    wrapped(summary),
    ...details.flatMap((paragraph) => ['', wrapped(paragraph)]),
    '',
    'Options:',
    ...optionLines(options),
    '',
    'Exit codes:',
    ...exitCodeLines(),
    ...(examples.length === 0 ? [] : ['', 'Examples:', ...examples.map((example) => `  ${example}`)]),
    '',
  ].join('\n');
}

/** `-n, --namespace NAME` */
export function optionNames(name: string, { short, value }: Options[string] & object): string {
  return `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
}

function optionLines(options: Options): string[] {
  const names = Object.entries(options).map(([name, option]) => optionNames(name, option));
  const width = Math.min(30, Math.max(...names.map((each) => each.length)));
  return Object.values(options).map(({ help }, index) => indented((names[index] ?? '').padEnd(width + 2), help));
}

function exitCodeLines(): string[] {
  return Object.entries(EXIT_CODES).map(([code, { name, meaning }]) => indented(code.padEnd(5), `${name}. ${meaning}`));
}

function indented(head: string, text: string): string {
  const lines = wrapped(text, WIDTH - head.length - 2).split('\n');
  return lines.map((line, index) => `  ${index === 0 ? head : ' '.repeat(head.length)}${line}`).join('\n');
}

function wrapped(text: string, width = WIDTH): string {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.join('\n');
}
