import { globSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { recordAt, recordsAt, stringAt } from '../../src/core/kubernetes/fields.ts';
import { ROOT } from '../docs/documents.ts';
import { read, readYaml, recipeCheck } from './recipes.ts';

const WORKFLOWS = [
  ...globSync('.github/workflows/*.yml', { cwd: ROOT }).sort(),
  'docs/recipes/github-actions/gate.yml',
];

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'workflows-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** What actionlint says of a workflow; empty: nothing. */
async function lint(name: string, text: string): Promise<string> {
  const place = join(directory, name, '.github', 'workflows');
  await mkdir(place, { recursive: true });
  const file = join(place, 'workflow.yml');
  await writeFile(file, text);
  const { code, stdout, stderr } = await recipeCheck(['actionlint', '-no-color', '-oneline', file]);
  expect({ code, stderr }).toEqual({ code: stdout === '' ? 0 : 1, stderr: '' });
  return stdout.replaceAll(file, 'workflow.yml');
}

describe('actionlint', () => {
  test.for(WORKFLOWS)('has nothing to say of %s', async (path) => {
    // One that calls others of this repository is looked at where it is.
    const { stdout, stderr } = await recipeCheck(['actionlint', '-no-color', '-oneline', join(ROOT, path)]);
    expect(stdout + stderr).toBe('');
  });

  test('knows expressions, contexts and inputs: a workflow that is wrong does not get past it', async () => {
    const text = read('docs/recipes/github-actions/gate.yml');
    expect(await lint('unknown-context', text.replace('vars.AKS_CLUSTER', 'secretz.AKS'))).toMatch(
      /undefined variable "secretz"/,
    );
    expect(await lint('unknown-step', text.replace('steps.mirror.', 'steps.miror.'))).toMatch(
      /property "miror" is not defined/,
    );
    expect(await lint('bad-permission', text.replace('contents: read', 'contents: maybe'))).toMatch(
      /"maybe" is invalid/,
    );
  });
});

/** A workflow that has the action's inputs and its steps as its own, which actionlint can check with their types. */
function asWorkflow(action: unknown): string {
  const inputs = Object.entries(recordAt(action, 'inputs') ?? {}).map(([name, each]) => [
    name,
    { type: 'string', default: stringAt(each, 'default') },
  ]);
  const outputs = Object.entries(recordAt(action, 'outputs') ?? {}).map(([name, each]) => [
    name,
    stringAt(each, 'value'),
  ]);
  return stringify({
    on: { workflow_call: { inputs: Object.fromEntries(inputs) } },
    jobs: {
      action: {
        'runs-on': 'ubuntu-24.04',
        outputs: Object.fromEntries(outputs),
        steps: recordsAt(recordAt(action, 'runs'), 'steps'),
      },
    },
  });
}

describe('action.yml', () => {
  test('its steps, conditions and outputs are those that actionlint knows', async () => {
    expect(await lint('action', asWorkflow(readYaml('action.yml')))).toBe('');
    const wrong = (change: (text: string) => string) => asWorkflow(parse(change(read('action.yml'))));
    expect(
      await lint(
        'no-input',
        wrong((text) => text.replace('inputs.file }', 'inputs.files }')),
      ),
    ).toMatch(/property "files" is not defined/);
    expect(
      await lint(
        'no-step',
        wrong((text) => text.replace('{ steps.result.', '{ steps.results.')),
      ),
    ).toMatch(/property "results" is not defined/);
  });

  test('no input becomes a part of a script', () => {
    const scripts = recordsAt(recordAt(readYaml('action.yml'), 'runs'), 'steps').map(
      (step) => stringAt(step, 'run') ?? '',
    );
    for (const script of scripts) expect(script).not.toContain('${{');
  });

  test('the page names every input and output', () => {
    const page =
      read('docs/recipes/README.md')
        .split('## ')
        .find((each) => each.startsWith('GitHub Actions')) ?? '';
    const action = readYaml('action.yml');
    for (const name of Object.keys({ ...recordAt(action, 'inputs'), ...recordAt(action, 'outputs') })) {
      expect(page).toContain(`\`${name}\``);
    }
  });

  test('the example gives inputs that there are', () => {
    const [job] = Object.values(recordAt(readYaml('docs/recipes/github-actions/gate.yml'), 'jobs') ?? {});
    const step = recordsAt(job, 'steps').find(({ uses }) => uses === 'OWNER/REPOSITORY@REVISION');
    const inputs = Object.keys(recordAt(readYaml('action.yml'), 'inputs') ?? {});
    const given = Object.keys(recordAt(step, 'with') ?? {});
    expect(given.length).toBeGreaterThan(0);
    expect(given.filter((name) => !inputs.includes(name))).toEqual([]);
  });
});

test('actions of others are pinned to commits, one for each action', () => {
  const uses = [...WORKFLOWS, 'action.yml'].flatMap((path) =>
    [...read(path).matchAll(/uses: (\S+)(.*)$/gm)].map(([, name = '', comment = '']) => ({ path, name, comment })),
  );
  const others = uses.filter(({ name }) => !name.startsWith('./') && name !== 'OWNER/REPOSITORY@REVISION');
  expect(others.length).toBeGreaterThan(5);
  for (const { path, name, comment } of others) {
    expect(`${name}${comment}`, path).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  }
  const pins = new Set(others.map(({ name, comment }) => `${name}${comment}`));
  expect(pins.size).toBe(new Set(others.map(({ name }) => name.replace(/@.*/, ''))).size);
});

test('no workflow has more rights by default than it names', () => {
  for (const path of WORKFLOWS) expect(recordAt(readYaml(path), 'permissions'), path).toEqual({});
});

test('scripts that workflows run are there', () => {
  const scripts: Record<string, string> = JSON.parse(read('package.json')).scripts;
  const text = WORKFLOWS.map(read).join('\n');
  const named = [...text.matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name = '']) => name);
  expect(named.length).toBeGreaterThan(1);
  for (const name of named) expect(scripts).toHaveProperty(name);
  for (const [, file = ''] of text.matchAll(/(?:node|run:) ((?:tools|\.ci)\/\S+)/g)) expect(read(file)).not.toBe('');
});
