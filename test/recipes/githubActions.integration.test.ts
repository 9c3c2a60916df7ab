import { access, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { recordAt, recordsAt } from '../../src/core/kubernetes/fields.ts';
import { ROOT } from '../docs/documents.ts';
import { V3 } from '../support/lab.ts';
import type { LiveLab } from '../support/liveLab.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';
import { type ActionOptions, runAction } from './githubRunner.ts';
import { readYaml } from './recipes.ts';
import { startShell } from './shell.ts';

let stage: OperatorStage;
let directory: string;
/** A checkout of the action without the packages that only build and test it. */
let actionPath: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'github-actions-'));
  actionPath = join(directory, 'action');
  await cp(join(ROOT, 'src'), join(actionPath, 'src'), { recursive: true });
  for (const file of ['action.yml', 'package.json', 'package-lock.json', '.npmrc']) {
    await cp(join(ROOT, file), join(actionPath, file));
  }
  stage = await setOperatorStage();
  await stage.operator();
});
afterAll(async () => {
  await stage?.stop();
  await rm(directory, { recursive: true, force: true });
});

const INSTALL = 'Install the packages that kubectl-mirror needs';
let installed: Promise<void> | undefined;
/** What the action installs, once for all jobs: they share a checkout. */
function install(): Promise<void> {
  installed ??= (async () => {
    const all = recordsAt(recordAt(readYaml('action.yml'), 'runs'), 'steps');
    const script = String(all.find(({ name }) => name === INSTALL)?.run);
    const variables = { ...environment(), GITHUB_ACTION_PATH: actionPath };
    expect(await startShell(['bash', '-euc', script], variables, directory).ended).toMatchObject({ code: 0 });
  })();
  return installed;
}

function environment(): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env;
  return { PATH, HOME, KUBECONFIG: stage.server.kubeconfig };
}

/** What a run needs on a machine with much else to do. */
const PATIENT = { analysis: { deadlineSeconds: 300 } };

/** A job whose workspace has the experiment. */
async function job(
  lab: Pick<LiveLab, 'manifest'>,
  inputs: Record<string, string>,
  more: { onStep?: ActionOptions['onStep'] } = {},
) {
  await install();
  const workspace = await mkdtemp(join(directory, 'job-'));
  await writeFile(join(workspace, 'the experiment.yaml'), stringify(lab.manifest('candidate', PATIENT)));
  const run = await runAction({
    actionPath,
    workspace,
    inputs,
    environment: environment(),
    done: [INSTALL],
    ...(more.onStep && { onStep: more.onStep }),
  });
  return { ...run, workspace };
}

const isCopying: Parameters<LiveLab['until']>[2] = ({ status }) => status.mirroringSince !== undefined;
const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

describe.concurrent('the action', { timeout: 400_000 }, () => {
  test('needs what it installs, and nothing that only builds and tests', async (context) => {
    await install();
    const lock: { packages: Record<string, { dev?: boolean; optional?: boolean }> } = JSON.parse(
      await readFile(join(ROOT, 'package-lock.json'), 'utf8'),
    );
    for (const [path, { dev = false, optional = false }] of Object.entries(lock.packages)) {
      if (path === '' || optional) continue;
      context.expect(await exists(join(actionPath, path)), path).toBe(!dev);
    }
  });

  test('passes on a Pass, tells its outputs and the summary, and keeps the report', async (context) => {
    const lab = await stage.lab(context);
    const run = await job(lab, { file: 'the experiment.yaml', 'name-suffix': '17-1', timeout: '380s' });
    context.expect(run.log).toContain('Analysing: ');
    context.expect(run).toMatchObject({ outcome: 'success', steps: { gate: 0 } });
    context.expect(run.outputs).toEqual({
      ...{ verdict: 'Pass', reason: 'WithinTolerance', 'exit-code': '0' },
      ...{ namespace: lab.namespace, experiment: 'candidate-17-1', report: 'mirror-experiment/report.html' },
    });
    context.expect(run.summary).toMatch(/^### ✅ candidate-17-1: Pass \(WithinTolerance\)/);
    context.expect(Object.keys(run.steps)).not.toContain('End the experiment that was left');
    const { name, path } = run.used['actions/upload-artifact'] ?? {};
    context.expect({ name, path }).toEqual({ name: 'mirror-experiment', path: 'mirror-experiment' });
    const page = await readFile(join(run.workspace, run.outputs.report ?? ''), 'utf8');
    context.expect(page).toContain('<title>Pass: candidate-17-1</title>');
    // The runner has Node 24, so that none is set up.
    context.expect(run.used).not.toHaveProperty('actions/setup-node');
  });

  test('fails on a Fail, with everything told and kept; a second job waits for the same by its name', async (context) => {
    const lab = await stage.lab(context, { traffic: { behaviour: V3 } });
    const run = await job(lab, { file: 'the experiment.yaml', output: 'junit' });
    context.expect(run).toMatchObject({ outcome: 'failure', steps: { gate: 1, result: 0 } });
    context.expect(run.outputs).toMatchObject({ verdict: 'Fail', reason: 'Latency', 'exit-code': '1' });
    context.expect(run.summary).toMatch(/^### ❌ candidate: Fail \(Latency\)/);
    context.expect(run.log).toMatch(/<testsuite name="[^"]*candidate"/);
    context.expect(run.used).toHaveProperty('actions/upload-artifact');

    const waited = await job(lab, { name: 'candidate', namespace: lab.namespace, artifact: '' });
    context.expect(waited).toMatchObject({ outcome: 'failure', steps: { gate: 1 } });
    context.expect(waited.outputs).toEqual(run.outputs);
    context.expect(waited.used).not.toHaveProperty('actions/upload-artifact');
  });

  test('a cancelled job leaves nothing that is mirrored', async (context) => {
    const lab = await stage.lab(context);
    const before = await lab.targets();
    const run = await job(
      lab,
      { file: 'the experiment.yaml' },
      {
        onStep: (id, _, cancel) =>
          id === 'gate' ? lab.until('candidate', 'copies', isCopying, 200).then(cancel) : undefined,
      },
    );
    context.expect(run).toMatchObject({ outcome: 'cancelled', steps: { gate: 130, result: 0 } });
    context.expect(run.outputs).toMatchObject({ verdict: 'Running', reason: 'Interrupted', 'exit-code': '130' });
    context.expect(run.log).toMatch(/candidate is gone: no request is copied any more/);
    context.expect(await lab.targets()).toEqual(before);
    context.expect(await lab.kubectl(['get', 'mexp', 'candidate'])).toMatchObject({ code: 1 });
  });

  test('where the runner kills the command, the last step deletes what it has left', async (context) => {
    const lab = await stage.lab(context);
    const before = await lab.targets();
    const run = await job(
      lab,
      { file: 'the experiment.yaml' },
      {
        onStep: (id, { kill }) =>
          id === 'gate' ? lab.until('candidate', 'copies', isCopying, 200).then(kill) : undefined,
      },
    );
    context
      .expect(run)
      .toMatchObject({ outcome: 'failure', steps: { gate: null, 'End the experiment that was left': 0 } });
    context.expect(run.outputs).toMatchObject({ verdict: 'Running', experiment: 'candidate' });
    context.expect(run.log).toMatch(/candidate is gone: no request is copied any more/);
    context.expect(await lab.targets()).toEqual(before);
  });

  test.for<[why: string, inputs: Record<string, string>, log: RegExp, told: boolean]>([
    ['neither a file nor a name', {}, /::error::Give either file, .* or name/, false],
    ['both', { file: 'the experiment.yaml', name: 'candidate' }, /::error::Give either file/, false],
    ['a file that is not there', { file: 'nowhere.yaml' }, /nowhere\.yaml: cannot be read/, true],
    ['an option for a file name', { file: '--help' }, /--help: cannot be read/, true],
    ['an injected command', { file: '$(touch injected)', 'name-suffix': '";touch injected;"' }, /cannot be read/, true],
  ])('%s is an error', async ([, inputs, log, told], context) => {
    const lab = { manifest: () => ({}) };
    const run = await job(lab, inputs);
    context.expect(run).toMatchObject({ outcome: 'failure', steps: { gate: 3 } });
    context.expect(run.log).toMatch(log);
    context.expect(run.outputs['exit-code']).toBe(told ? '3' : '');
    context.expect(run.outputs.reason).toBe(told ? 'Error' : '');
    context.expect(await exists(join(run.workspace, 'injected'))).toBe(false);
  });
});
