import { EXIT_CODES, type ExitCode } from '../../api/exitCodes.ts';
import { CONDITIONS } from '../../api/reasons.ts';
import { REMEDIES } from '../../api/remedies.generated.ts';
import type { Call } from '../command.ts';
import { toJson, toYaml } from '../output/machine.ts';
import { UsageError } from '../usageError.ts';
import { choiceOf } from '../values.ts';

export interface Explanation {
  readonly kind: 'reason' | 'condition' | 'exit code';
  readonly name: string;
  /** Of a reason: the condition that carries it. */
  readonly condition?: string;
  readonly meaning: string;
  /** Absent: nothing has to be done. */
  readonly whatToDo?: string;
}

export async function run({ operands: [name], values, terminal }: Call): Promise<ExitCode> {
  const format = choiceOf(values, 'output', ['human', 'json', 'yaml'], 'human');
  const found = name === undefined ? EXPLANATIONS : explain(name);
  if (found.length === 0) throw new UsageError(unknown(name ?? ''));
  if (format !== 'human') await terminal.out((format === 'json' ? toJson : toYaml)(found));
  else await terminal.out(name === undefined ? overview() : `${found.map(paragraph).join('\n\n')}\n`);
  return 0;
}

/** Every meaning of a name; a reason may belong to several conditions. Upper and lower case are the same. */
export function explain(name: string): readonly Explanation[] {
  const wanted = name.trim().toLowerCase();
  return EXPLANATIONS.filter(
    (each) => each.name.toLowerCase() === wanted || `${each.condition}/${each.name}`.toLowerCase() === wanted,
  );
}

/** One source for this command and for the reference. */
export const EXPLANATIONS: readonly Explanation[] = [
  ...Object.entries(CONDITIONS).flatMap(([condition, reasons]) => [
    {
      kind: 'condition' as const,
      name: condition,
      meaning: `Condition of an experiment; its reasons are ${Object.keys(reasons).join(', ')}.`,
    },
    ...Object.entries(reasons).map(([name, meaning]) => {
      const whatToDo = REMEDIES[condition]?.[name];
      return { kind: 'reason' as const, name, condition, meaning, ...(whatToDo !== undefined && { whatToDo }) };
    }),
  ]),
  ...Object.entries(EXIT_CODES).map(([code, { name, meaning, advice }]) => ({
    kind: 'exit code' as const,
    name: code,
    meaning: `${name}. ${meaning}`,
    whatToDo: advice,
  })),
];

function paragraph({ kind, name, condition, meaning, whatToDo }: Explanation): string {
  const head = kind === 'reason' ? `${name} (reason of ${condition})` : `${name} (${kind})`;
  return [head, `  ${meaning}`, ...(whatToDo === undefined ? [] : [`  What to do: ${whatToDo}`])].join('\n');
}

function overview(): string {
  const reasons = Object.entries(CONDITIONS).map(
    ([condition, each]) => `${condition}\n  ${Object.keys(each).join(', ')}`,
  );
  const codes = Object.entries(EXIT_CODES).map(([code, { name }]) => `${code} ${name}`);
  return `${[...reasons, `Exit codes\n  ${codes.join(', ')}`].join('\n')}\n`;
}

function unknown(name: string): string {
  const wanted = name.toLowerCase();
  const near = [...new Set(EXPLANATIONS.map((each) => each.name))].filter(
    (each) => each.toLowerCase().includes(wanted) && wanted !== '',
  );
  const hint =
    near.length > 0 ? `; did you mean ${near.slice(0, 5).join(', ')}?` : '; kubectl-mirror explain lists all';
  return `${JSON.stringify(name)} is no reason, condition or exit code${hint}`;
}
