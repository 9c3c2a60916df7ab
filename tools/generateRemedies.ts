import { readFile, writeFile } from 'node:fs/promises';
import { CONDITIONS } from '../src/api/reasons.ts';

export const remediesFile = new URL('../src/api/remedies.generated.ts', import.meta.url);
export const remediesPage = new URL('../docs/fix-an-experiment.md', import.meta.url);

type Reasons = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * The module with what to do about each reason, from the tables of docs/fix-an-experiment.md: the page is for people and
 * the source. A row belongs to the condition that its heading names, else to Passed, else to every condition with the reason.
 */
export function generateRemedies(page: string, conditions: Reasons = CONDITIONS): string {
  const remedies: Record<string, Record<string, string>> = {};
  let heading = '';
  for (const line of page.split('\n')) {
    if (line.startsWith('## ')) heading = line.slice(3).trim();
    const cells = line.startsWith('| `')
      ? line
          .slice(1, -1)
          .split(/(?<!\\)\|/)
          .map((cell) => cell.trim())
      : [];
    const reason = cells[0]?.replaceAll('`', '');
    const text = cells.at(-1);
    if (reason === undefined || text === undefined || cells.length < 2) continue;
    for (const condition of conditionsOf(heading, reason, conditions)) {
      const since = cells.length > 2 ? `If it lasts ${cells[1]}: ` : '';
      remedies[condition] ??= {};
      remedies[condition][reason] = `${since}${withoutLinks(text)} See docs/fix-an-experiment.md#${anchorOf(heading)}.`;
    }
  }
  const sorted = Object.fromEntries(Object.keys(conditions).map((condition) => [condition, remedies[condition] ?? {}]));
  return [
    '// generated from docs/fix-an-experiment.md; run npm run generate',
    '',
    '/** What to do, by condition and reason. */',
    `export const REMEDIES: Readonly<Record<string, Readonly<Record<string, string>>>> = ${JSON.stringify(sorted, null, 2)};`,
    '',
  ].join('\n');
}

function conditionsOf(heading: string, reason: string, conditions: Reasons): string[] {
  const having = Object.keys(conditions).filter((condition) => Object.hasOwn(conditions[condition] ?? {}, reason));
  const named = having.filter((condition) => heading.split(/\W+/).includes(condition));
  if (named.length > 0) return named;
  return having.includes('Passed') ? ['Passed'] : having;
}

/** Links stay as text: a terminal has no pages. */
function withoutLinks(text: string): string {
  return text.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('\\|', '|');
}

/** As GitHub makes it from a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}

if (import.meta.main) await writeFile(remediesFile, generateRemedies(await readFile(remediesPage, 'utf8')));
