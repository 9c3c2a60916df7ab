import { readFile, writeFile } from 'node:fs/promises';
import { settingsHelp } from '../src/settings.ts';
import { withGenerated } from './generatedTable.ts';

export const operationsFile = new URL('../docs/operations.md', import.meta.url);

const BEGIN = '<!-- generated from src/settings.ts; run npm run generate -->';
const END = '<!-- end of what is generated -->';

/**
 * The page with its table of settings made anew from `help`, one line a setting as `--help` prints it.
 * Throws when the page lacks the marks around the table, or a line has another form.
 */
export function withSettingsTable(page: string, help: string = settingsHelp()): string {
  const table = ['| Variable | Default | Meaning |', '|---|---|---|', ...help.split('\n').map(row)].join('\n');
  return withGenerated(page, [BEGIN, END], table, 'docs/operations.md');
}

/** A setting from its line of `--help`. Throws when the line has another form. */
export function settingOf(line: string): { name: string; text: string; fallback: string | undefined } {
  const { text, name, fallback } =
    /^ {2}--\S+ {2}(?<text>.*) \((?<name>[A-Z_]+)(?:; default (?<fallback>.*))?\)$/.exec(line)?.groups ?? {};
  if (text === undefined || name === undefined) throw new Error(`not a line of --help: ${line}`);
  return { name, text, fallback };
}

function row(line: string): string {
  const { name, text, fallback } = settingOf(line);
  return `| \`${name}\` | ${fallback === undefined ? 'none' : `\`${fallback}\``} | ${text.replaceAll('|', '\\|')} |`;
}

if (import.meta.main) await writeFile(operationsFile, withSettingsTable(await readFile(operationsFile, 'utf8')));
