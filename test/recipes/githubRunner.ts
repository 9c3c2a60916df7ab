import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { recordAt, recordsAt, stringAt } from '../../src/core/kubernetes/fields.ts';
import { readYaml } from './recipes.ts';
import { type Environment, endOf, type RunningShell, startShell } from './shell.ts';

/** What a composite action led to. */
export interface ActionRun {
  /** Of the action: that of its steps together. */
  readonly outcome: 'success' | 'failure' | 'cancelled';
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  /** Exit code of each step that ran, by id or name. */
  readonly steps: Readonly<Record<string, number | null>>;
  /** `with` of the steps that use other actions and were not skipped, by the action's name. */
  readonly used: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly log: string;
}

export interface ActionOptions {
  /** Where the action's repository is checked out. */
  readonly actionPath: string;
  readonly workspace: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly environment: Environment;
  /** Names of steps that somebody else has run. */
  readonly done: readonly string[];
  /** Called when the step begins, with its process: to cancel the job, as `cancel` does. */
  readonly onStep?: (id: string, shell: RunningShell, cancel: () => void) => Promise<void> | undefined;
}

type Outcome = 'success' | 'failure' | 'cancelled' | 'skipped';
interface StepContext {
  outputs: Record<string, string>;
  outcome: Outcome;
}

/**
 * Runs the steps of action.yml as GitHub's runner runs those of a composite action: the shell `bash` is `bash --noprofile
 * --norc -eo pipefail FILE`, outputs and the summary are what is written to the files GITHUB_OUTPUT and GITHUB_STEP_SUMMARY,
 * a step without `if` is skipped after a failure. Actions of others are not run. Refuses what it does not know.
 */
export async function runAction(options: ActionOptions): Promise<ActionRun> {
  const { actionPath, workspace, environment } = options;
  const action = readYaml('action.yml');
  const declared = Object.entries(recordAt(action, 'inputs') ?? {});
  const unknown = Object.keys(options.inputs).filter((name) => !declared.some(([each]) => each === name));
  if (unknown.length > 0) throw new Error(`the action has no input ${unknown.join(', ')}`);
  const inputs = Object.fromEntries(
    declared.map(([name, each]) => [name, options.inputs[name] ?? stringAt(each, 'default') ?? '']),
  );
  const temp = join(workspace, '.runner');
  await mkdir(temp, { recursive: true });
  const contexts: Record<string, StepContext> = {};
  const state: { job: 'success' | 'failure' | 'cancelled' } = { job: 'success' };
  const steps: Record<string, number | null> = {};
  const used: Record<string, Record<string, string>> = {};
  let [log, summary] = ['', ''];
  for (const [index, step] of recordsAt(recordAt(action, 'runs'), 'steps').entries()) {
    const id = stringAt(step, 'id') ?? stringAt(step, 'name') ?? String(index);
    const scope = { inputs, steps: contexts, job: state.job };
    const context: StepContext = { outputs: {}, outcome: 'skipped' };
    contexts[id] = context;
    if (options.done.includes(stringAt(step, 'name') ?? '') || !condition(stringAt(step, 'if'), scope)) continue;
    const uses = stringAt(step, 'uses');
    if (uses !== undefined) {
      used[uses.replace(/@.*/, '')] = interpolated(recordAt(step, 'with'), scope);
      context.outcome = 'success';
      continue;
    }
    if (stringAt(step, 'shell') !== 'bash') throw new Error(`${id}: only the shell bash is known`);
    const [script, output, summaryFile] = ['script', 'output', 'summary'].map((name) => join(temp, `${index}.${name}`));
    if (script === undefined || output === undefined || summaryFile === undefined) throw new Error('no files');
    await writeFile(script, stringAt(step, 'run') ?? '');
    await writeFile(output, '');
    await writeFile(summaryFile, '');
    const variables = {
      ...environment,
      ...interpolated(recordAt(step, 'env'), scope),
      ...{ GITHUB_ACTION_PATH: actionPath, GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summaryFile, CI: 'true' },
    };
    const shell = startShell(['bash', '--noprofile', '--norc', '-e', '-o', 'pipefail', script], variables, workspace);
    let cancelled = false;
    const meanwhile = options.onStep?.(id, shell, () => {
      cancelled = true;
      state.job = 'cancelled';
      // The runner signals the step's process only, and kills it with what it has started when it does not end.
      shell.child.kill('SIGINT');
    });
    const { code, output: text } = await endOf(shell, meanwhile);
    steps[id] = code;
    log += text;
    context.outcome = cancelled ? 'cancelled' : code === 0 ? 'success' : 'failure';
    if (context.outcome === 'failure' && state.job === 'success') state.job = 'failure';
    context.outputs = parseOutputs(await readFile(output, 'utf8'));
    summary += await readFile(summaryFile, 'utf8');
  }
  await rm(temp, { recursive: true });
  const scope = { inputs, steps: contexts, job: state.job };
  const outputs = Object.fromEntries(
    Object.entries(recordAt(action, 'outputs') ?? {}).map(([name, each]) => [
      name,
      interpolate(stringAt(each, 'value') ?? '', scope),
    ]),
  );
  return { outcome: state.job, outputs, summary, steps, used, log };
}

interface Scope {
  readonly inputs: Readonly<Record<string, string>>;
  readonly steps: Readonly<Record<string, StepContext>>;
  readonly job: 'success' | 'failure' | 'cancelled';
}

function interpolated(values: Record<string, unknown> | undefined, scope: Scope): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values ?? {}).map(([name, value]) => [name, interpolate(String(value), scope)]),
  );
}

function interpolate(text: string, scope: Scope): string {
  return text.replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression: string) => String(evaluate(expression, scope)));
}

/** Without a status function a condition holds only while nothing has failed. */
function condition(text: string | undefined, scope: Scope): boolean {
  if (text === undefined) return scope.job === 'success';
  const expression = text.replace(/^\s*\$\{\{(.*)\}\}\s*$/s, '$1');
  const holds = Boolean(evaluate(expression, scope));
  return /\b(always|cancelled|failure|success)\(\)/.test(expression) ? holds : holds && scope.job === 'success';
}

/** `a && b`, `a == b`, `a != b`, of references, texts and status functions: what the action uses of the language. */
function evaluate(expression: string, scope: Scope): string | boolean {
  const terms = expression.split('&&').map((term): string | boolean => {
    const [left = '', operator, right] = term.split(/(==|!=)/).map((part) => part.trim());
    if (operator === undefined || right === undefined) return operand(left, scope);
    const same = operand(left, scope) === operand(right, scope);
    return operator === '==' ? same : !same;
  });
  return terms.length === 1 ? (terms[0] ?? '') : terms.every(Boolean);
}

function operand(text: string, { inputs, steps, job }: Scope): string | boolean {
  const literal = /^'((?:[^']|'')*)'$/.exec(text)?.[1];
  if (literal !== undefined) return literal.replaceAll("''", "'");
  if (text === 'always()') return true;
  if (text === 'cancelled()') return job === 'cancelled';
  const input = /^inputs\.([\w-]+)$/.exec(text)?.[1];
  if (input !== undefined && inputs[input] !== undefined) return inputs[input];
  const [, id = '', field = ''] = /^steps\.([\w-]+)\.(outputs\.[\w-]+|outcome)$/.exec(text) ?? [];
  const step = steps[id];
  if (step !== undefined) return field === 'outcome' ? step.outcome : (step.outputs[field.slice(8)] ?? '');
  throw new Error(`this runner does not know ${JSON.stringify(text)}`);
}

/** Of the forms of GITHUB_OUTPUT, the one on a line. */
function parseOutputs(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const at = line.indexOf('=');
        if (at < 1 || line.includes('<<')) throw new Error(`this runner does not know the output ${line}`);
        return [line.slice(0, at), line.slice(at + 1)];
      }),
  );
}
