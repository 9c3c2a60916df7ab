import { writeFile } from 'node:fs/promises';
import { EXIT_CODES } from '../src/api/exitCodes.ts';
import type { CommandDescription } from '../src/cli/command.ts';
import { COMMANDS } from '../src/cli/commandTable.ts';
import { optionNames } from '../src/cli/help.ts';

export const cliReferenceFile = new URL('../docs/reference/cli.md', import.meta.url);

type ExitCodes = Readonly<Record<string, { readonly name: string; readonly meaning: string; readonly advice: string }>>;

/** The reference page (Markdown) of kubectl-mirror: every command with its options, and every exit code. */
export function generateCliReference(
  commands: readonly CommandDescription[] = COMMANDS,
  exitCodes: ExitCodes = EXIT_CODES,
): string {
  return `${[
    '<!-- generated from src/cli/commandTable.ts and src/api/exitCodes.ts; run npm run generate -->',
    '# kubectl-mirror',
    'Runs experiments, waits for them, shows and replays what they found. How it is installed, and recipes for pipelines: [Gate CI](../gate-ci.md). It finds the cluster as kubectl does: `--kubeconfig`, `$KUBECONFIG`, `~/.kube/config`, or the ServiceAccount of the pod that it runs in. Kubectl hands its own flags to a plugin only when they stand behind the plugin’s name: `kubectl mirror list -n bookstore`.',
    table(
      ['Command', 'What it does'],
      commands.map(({ name, operands, summary }) => [
        `[\`${cell(`${name} ${operands}`.trim())}\`](#${name})`,
        cell(summary),
      ]),
    ),
    '## Exit codes',
    'The same for every command. They do not change between versions.',
    table(
      ['Code', 'Name', 'Meaning', 'What to do'],
      Object.entries(exitCodes).map(([code, { name, meaning, advice }]) => [
        `\`${code}\``,
        name,
        cell(meaning),
        cell(advice),
      ]),
    ),
    ...commands.flatMap(section),
  ].join('\n\n')}\n`;
}

function section({ name, operands, summary, details, options, examples }: CommandDescription): string[] {
  return [
    `## ${name}`,
    `\`kubectl mirror ${`${name} ${operands}`.trim()}\`: ${summary}`,
    ...details,
    table(
      ['Option', 'Meaning'],
      Object.entries(options).map(([option, description]) => [
        `\`${cell(optionNames(option, description))}\``,
        cell(description.help),
      ]),
    ),
    ...(examples.length === 0 ? [] : ['For example:', `\`\`\`text\n${examples.join('\n')}\n\`\`\``]),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

if (import.meta.main) await writeFile(cliReferenceFile, generateCliReference());
