import { recordAt, recordsAt, stringAt } from '../../src/core/kubernetes/fields.ts';
import { read, readYaml } from './recipes.ts';

const TEMPLATE = 'docs/recipes/azure-pipelines/gate.yml';

export interface PipelineStep {
  readonly displayName: string;
  /** `bash`, or the task with its version. */
  readonly task: string;
  /** Undefined for tasks without a script. */
  readonly script: string | undefined;
  readonly condition: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly inputs: Readonly<Record<string, string>>;
  readonly workingDirectory: string | undefined;
}

export interface Parameter {
  readonly name: string;
  readonly default: string | undefined;
}

export function parameters(): Parameter[] {
  return recordsAt(readYaml(TEMPLATE), 'parameters').map((each) => {
    if (stringAt(each, 'type') !== 'string') throw new Error(`the parameter ${each.name} is no string`);
    return { name: stringAt(each, 'name') ?? '', default: stringAt(each, 'default') };
  });
}

/** Names of the parameters that the template uses. */
export function usedParameters(): Set<string> {
  return new Set([...read(TEMPLATE).matchAll(/\$\{\{\s*parameters\.(\w+)\s*\}\}/g)].map(([, name = '']) => name));
}

/**
 * The template's steps as Azure Pipelines expands them: parameters at compile time, then $(variables); a variable that is not
 * there stays as it is written, and is refused here.
 */
export function steps(
  given: Readonly<Record<string, string>>,
  variables: Readonly<Record<string, string>>,
): PipelineStep[] {
  const values = Object.fromEntries(parameters().map((each) => [each.name, given[each.name] ?? each.default]));
  const expand = (text: string): string =>
    text
      .replaceAll(/\$\{\{\s*parameters\.(\w+)\s*\}\}/g, (_, name: string) => {
        const value = values[name];
        if (value === undefined) throw new Error(`the parameter ${name} is not given`);
        return value;
      })
      .replaceAll(/\$\(([A-Za-z][\w.]*)\)/g, (_, name: string) => {
        const value = variables[name];
        if (value === undefined) throw new Error(`there is no variable ${name}`);
        return value;
      });
  const record = (value: Record<string, unknown> | undefined): Record<string, string> =>
    Object.fromEntries(Object.entries(value ?? {}).map(([name, each]) => [name, expand(String(each))]));
  return recordsAt(readYaml(TEMPLATE), 'steps').map((step): PipelineStep => {
    const inputs = record(recordAt(step, 'inputs'));
    const bash = stringAt(step, 'bash');
    const directory = stringAt(step, 'workingDirectory');
    return {
      displayName: stringAt(step, 'displayName') ?? '',
      task: bash === undefined ? (stringAt(step, 'task') ?? '') : 'bash',
      script: bash === undefined ? inputs.inlineScript : expand(bash),
      condition: stringAt(step, 'condition'),
      environment: record(recordAt(step, 'env')),
      inputs,
      workingDirectory: directory === undefined ? undefined : expand(directory),
    };
  });
}

/** The conditions that the template has, of the language for them. */
export function holds(
  condition: string | undefined,
  state: { readonly failed: boolean; readonly variables: Readonly<Record<string, string>> },
): boolean {
  if (condition === undefined) return !state.failed;
  if (condition === 'always()') return true;
  if (condition === 'not(succeeded())') return state.failed;
  const [, name = '', value] = /^and\(always\(\), eq\(variables\.(\w+), '(\w+)'\)\)$/.exec(condition) ?? [];
  if (value === undefined) throw new Error(`the condition ${condition} is not known here`);
  return state.variables[name] === value;
}
