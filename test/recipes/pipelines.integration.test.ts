import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { isRecord, recordAt, recordsAt, stringAt } from '../../src/core/kubernetes/fields.ts';
import { ROOT } from '../docs/documents.ts';
import { V3 } from '../support/lab.ts';
import type { LiveLab } from '../support/liveLab.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';
import { holds, parameters, steps, usedParameters } from './azurePipelines.ts';
import { read, readYaml } from './recipes.ts';
import { endOf, type RunningShell, startShell } from './shell.ts';

const GITLAB_TEMPLATE = 'docs/recipes/gitlab-ci/gate.yml';
const GITLAB_EXAMPLE = 'docs/recipes/gitlab-ci/.gitlab-ci.yml';

let stage: OperatorStage;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pipelines-'));
  stage = await setOperatorStage();
  await stage.operator();
});
afterAll(async () => {
  await stage?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** What a run needs on a machine with much else to do. */
const PATIENT = { analysis: { deadlineSeconds: 300 } };

async function workspace(lab: LiveLab, change: Parameters<LiveLab['manifest']>[1] = {}): Promise<string> {
  const place = await mkdtemp(join(directory, 'job-'));
  await writeFile(join(place, 'experiment.yaml'), stringify(lab.manifest('candidate', { ...PATIENT, ...change })));
  return place;
}

const isCopying: Parameters<LiveLab['until']>[2] = ({ status }) => status.mirroringSince !== undefined;
const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
const { PATH = '', HOME = '' } = process.env;

describe('the template for Azure Pipelines', () => {
  test('declares the parameters that it uses, and the example gives those without a default', () => {
    const declared = parameters();
    expect(new Set(declared.map(({ name }) => name))).toEqual(usedParameters());
    const [job] = recordsAt(readYaml('docs/recipes/azure-pipelines/azure-pipelines.yml'), 'jobs');
    const template = recordsAt(job, 'steps').find((step) => stringAt(step, 'template') !== undefined);
    const [path, alias] = (stringAt(template, 'template') ?? '').split('@');
    expect(path).toBe('docs/recipes/azure-pipelines/gate.yml');
    const repositories = recordsAt(
      recordAt(readYaml('docs/recipes/azure-pipelines/azure-pipelines.yml'), 'resources'),
      'repositories',
    );
    expect(repositories.map((each) => each.repository)).toContain(alias);
    const given = Object.keys(recordAt(template, 'parameters') ?? {});
    const needed = declared.filter((each) => each.default === undefined).map(({ name }) => name);
    expect(needed.filter((name) => !given.includes(name))).toEqual([]);
    expect(given.filter((name) => !declared.some((each) => each.name === name))).toEqual([]);
  });
});

/** Runs the template's steps as an agent does; what Azure's own programs would do is played by scripts of their names. */
async function runPipeline(
  lab: LiveLab,
  place: string,
  onGate: (shell: RunningShell) => Promise<void> | undefined = () => undefined,
) {
  const [bin, temp] = [join(place, 'bin'), join(place, 'temp')];
  await Promise.all([bin, temp].map((each) => mkdir(each)));
  const program = (name: string, script: string) =>
    writeFile(join(bin, name), `#!/bin/bash\nset -eu\necho "${name} $*" >> "${place}/calls"\n${script}`, {
      mode: 0o755,
    });
  await program('sudo', 'exec "$@"');
  await program('kubelogin', '[ -n "$SYSTEM_ACCESSTOKEN" ] && [ "$*" = "convert-kubeconfig --login azurepipelines" ]');
  await program(
    'az',
    `if [ "$1 $2" = "aks get-credentials" ]; then cp "${stage.server.kubeconfig}" "\${8:?}"; exit; fi\n[ "$*" = "aks install-cli" ]`,
  );
  const values = {
    file: join(place, 'experiment.yaml'),
    source: ROOT,
    serviceConnection: 'azure',
    resourceGroup: 'group',
  };
  const given = { ...values, cluster: 'cluster', timeout: '380s' };
  const known = {
    'Agent.TempDirectory': temp,
    'Build.BuildId': '42',
    'System.JobAttempt': '1',
    'System.AccessToken': 'token',
  };
  const state = { failed: false, variables: {} as Record<string, string> };
  const ran: Record<string, number | null> = {};
  const published: Record<string, Readonly<Record<string, string>>> = {};
  let log = '';
  for (const step of steps(given, known)) {
    // Its own test: test/recipes/githubActions.integration.test.ts.
    if (!holds(step.condition, state) || step.script?.startsWith('npm ci')) continue;
    if (step.script === undefined) {
      published[step.task] = step.inputs;
      continue;
    }
    const script = join(temp, 'script.sh');
    await writeFile(script, step.script);
    const shell = startShell(['bash', script], { PATH: `${bin}:${PATH}`, HOME, ...step.environment }, place);
    const meanwhile = step.displayName === 'Run the experiment' ? onGate(shell) : undefined;
    const { code, output } = await endOf(shell, meanwhile);
    ran[step.displayName] = code;
    log += output;
    if (code !== 0) state.failed = true;
    for (const [, name = '', value = ''] of output.matchAll(/##vso\[task\.setvariable variable=(\w+)[^\]]*\](.*)/g)) {
      state.variables[name] = value;
    }
    const summary = /##vso\[task\.uploadsummary\](.*)/.exec(output)?.[1];
    if (summary !== undefined) published.summary = { text: await readFile(summary, 'utf8') };
  }
  const calls = await readFile(join(place, 'calls'), 'utf8');
  return { ...state, ran, published, log, calls, namespace: lab.namespace };
}

describe.concurrent('the steps of Azure Pipelines', { timeout: 400_000 }, () => {
  test('fail on a Fail, and publish tests, summary and report', async (context) => {
    const lab = await stage.lab(context, { traffic: { behaviour: V3 } });
    const place = await workspace(lab);
    const run = await runPipeline(lab, place);
    context
      .expect(run.ran)
      .toEqual({ 'Run the experiment': 1, 'End the experiment that was left': 0, 'Tell the result': 0 });
    context.expect(run.variables).toMatchObject({ verdict: 'Fail', reason: 'Latency', exitCode: '1' });
    context
      .expect(run.calls)
      .toMatch(
        /^sudo az aks install-cli\naz aks install-cli\naz aks get-credentials --resource-group group --name cluster --file \S+ --overwrite-existing\nkubelogin convert-kubeconfig --login azurepipelines\n$/,
      );
    context.expect(run.published.summary?.text).toMatch(/^### ❌ candidate-42-1: Fail \(Latency\)/);
    const tests = run.published['PublishTestResults@2'] ?? {};
    const junit = await readFile(join(tests.searchFolder ?? '', tests.testResultsFiles ?? ''), 'utf8');
    context.expect(junit).toMatch(/<failure message="Latency: /);
    const { targetPath = '', artifact } = run.published['PublishPipelineArtifact@1'] ?? {};
    context.expect(artifact).toBe('mirror-experiment-1');
    context.expect(await exists(join(targetPath, 'report.html'))).toBe(true);
    // The experiment is complete, so nothing was left to delete.
    context.expect(await lab.kubectl(['get', 'mexp', 'candidate-42-1'])).toMatchObject({ code: 0 });
  });

  test('delete the experiment of a task that was killed', async (context) => {
    const lab = await stage.lab(context);
    const before = await lab.targets();
    const run = await runPipeline(lab, await workspace(lab), ({ kill }) =>
      lab.until('candidate-42-1', 'copies', isCopying, 200).then(kill),
    );
    context
      .expect(run.ran)
      .toEqual({ 'Run the experiment': null, 'End the experiment that was left': 0, 'Tell the result': 0 });
    context.expect(run.variables).toMatchObject({ verdict: 'Running', reason: context.expect.any(String) });
    context.expect(run.log).toMatch(/candidate-42-1 is gone: no request is copied any more/);
    context.expect(await lab.targets()).toEqual(before);
  });
});

/**
 * The job of the example as GitLab makes it of the template: gitlab-ci-local reads the pipeline, checks it against GitLab's
 * schema and puts the inputs in. What the example includes of another project is included from a copy.
 */
async function gitlabJob(
  inputs: Readonly<Record<string, string>>,
  change: (template: string) => string = (text) => text,
): Promise<Record<string, unknown>> {
  const repository = await mkdtemp(join(directory, 'gitlab-'));
  const [example] = parseAllDocuments(read(GITLAB_EXAMPLE)).map((each): unknown => each.toJS());
  const [include] = recordsAt(example, 'include');
  const all = { ...recordAt(include, 'inputs'), ...inputs };
  await writeFile(join(repository, 'gate.yml'), change(read(GITLAB_TEMPLATE)));
  await writeFile(
    join(repository, '.gitlab-ci.yml'),
    stringify({ ...(isRecord(example) && example), include: [{ local: 'gate.yml', inputs: all }] }),
  );
  const prepare =
    'git init -q -b main . && git remote add origin git@gitlab.example.com:group/project.git && git add -A';
  const program = join(ROOT, 'node_modules', '.bin', 'gitlab-ci-local');
  const script = `${prepare} && "${program}" --preview --home "$PWD/home" 2> errors || { cat errors; exit 1; }`;
  const { code, output } = await startShell(['bash', '-euc', script], { PATH, HOME }, repository).ended;
  if (code !== 0) throw new Error(`gitlab-ci-local ended with ${code}: ${output}`);
  const pipeline: unknown = parse(output.slice(output.indexOf('---')));
  expect(recordAt(pipeline, 'roll-out')).toMatchObject({ needs: [{ job: 'mirror-experiment', artifacts: true }] });
  const job = recordAt(pipeline, 'mirror-experiment');
  if (job === undefined) throw new Error('the pipeline has no job mirror-experiment');
  return job;
}

/** Runs the job as a runner does: the lines of `script` in one shell that ends at the first that fails, then after_script. */
async function runGitlab(
  place: string,
  inputs: Readonly<Record<string, string>>,
  onGate: (shell: RunningShell) => Promise<void> | undefined = () => undefined,
) {
  const job = await gitlabJob({
    ...inputs,
    image: 'example/image:1',
    context: '',
    timeout: '380s',
    command: `${process.execPath} ${join(ROOT, 'src/cli/main.ts')}`,
  });
  const environment = {
    ...{ PATH, HOME, CI: 'true', CI_JOB_ID: '4711', KUBECONFIG: stage.server.kubeconfig },
    ...Object.fromEntries(
      Object.entries(recordAt(job, 'variables') ?? {}).map(([name, value]) => [
        name,
        String(value).replace('$CI_JOB_ID', '4711'),
      ]),
    ),
  };
  const lines = (key: string): string => {
    const list = job[key];
    if (!Array.isArray(list) || list.some((line) => typeof line !== 'string'))
      throw new Error(`${key} is no list of lines`);
    return list.join('\n');
  };
  // The operator's image has no bash.
  const shell = startShell(['sh', '-e', '-c', lines('script')], environment, place);
  const script = await endOf(shell, onGate(shell));
  const after = await startShell(['sh', '-e', '-c', lines('after_script')], environment, place).ended;
  return { job, script, after };
}

describe.concurrent('the job of GitLab CI', { timeout: 400_000 }, () => {
  test('runs in an image that is given, with the entry point taken away, by the path that the image has', async (context) => {
    const job = await gitlabJob({ image: 'example/image:1' });
    context.expect(job).toMatchObject({ image: { name: 'example/image:1', entrypoint: [''] }, timeout: '2h' });
    const app = /^ENTRYPOINT \["node", "(.*)main\.js"\]$/m.exec(read('Dockerfile'))?.[1];
    context.expect(job.script).toContain(`node ${app}cli/main.js "$@" -- "$MIRROR_FILE"`);
    context.expect(job.variables).toMatchObject({ MIRROR_CONTEXT: 'GROUP/PROJECT:AGENT', MIRROR_NAMESPACE_GIVEN: '' });
  });

  test('has inputs that are used, and gets those that there are', (context) => {
    const [head, job] = parseAllDocuments(read(GITLAB_TEMPLATE)).map((each): unknown => each.toJS());
    const declared = Object.keys(recordAt(recordAt(head, 'spec'), 'inputs') ?? {});
    const used = [...JSON.stringify(job).matchAll(/\$\[\[ inputs\.(\w+) \]\]/g)].map(([, name = '']) => name);
    context.expect(new Set(used)).toEqual(new Set(declared));
    const [include] = recordsAt(parse(read(GITLAB_EXAMPLE)), 'include');
    context.expect(include?.file).toBe(GITLAB_TEMPLATE);
    const given = Object.keys(recordAt(include, 'inputs') ?? {});
    context.expect(given.filter((name) => !declared.includes(name))).toEqual([]);
  });

  test.for<[what: string, from: string, to: string, message: RegExp]>([
    ['a keyword that GitLab does not know', 'interruptible: true', 'interruptable: true', /interruptable/],
    ['an input that is not declared', 'inputs.timeout', 'inputs.time', /time/],
  ])('%s does not get past gitlab-ci-local', async ([, from, to, message], context) => {
    const wrong = (text: string) => text.replaceAll(from, to);
    context.expect(wrong(read(GITLAB_TEMPLATE))).not.toBe(read(GITLAB_TEMPLATE));
    await context.expect(gitlabJob({}, wrong)).rejects.toThrow(message);
  });

  test('passes on a Pass, with the reports where the job says they are', async (context) => {
    const lab = await stage.lab(context);
    const place = await workspace(lab);
    const { job, script, after } = await runGitlab(place, { namespace: lab.namespace });
    context.expect(script, script.output).toMatchObject({ code: 0 });
    context.expect(after).toMatchObject({ code: 0, output: '' });
    const { artifacts } = job;
    const { reports, paths } = isRecord(artifacts) ? artifacts : {};
    const [junit, dotenv] = ['junit', 'dotenv'].map((kind) => join(place, stringAt(reports, kind) ?? 'nowhere'));
    context
      .expect(await readFile(junit ?? '', 'utf8'))
      .toMatch(/^<\?xml[\s\S]*<testsuites tests="\d+" failures="0" errors="0"/);
    context
      .expect(await readFile(dotenv ?? '', 'utf8'))
      .toMatch(/^MIRROR_EXPERIMENT=candidate-4711\nMIRROR_VERDICT=Pass$/m);
    context.expect(paths).toEqual(['mirror-experiment/']);
    context.expect(await exists(join(place, 'mirror-experiment/report.html'))).toBe(true);
  });

  test('fails with the exit code of a refusal', async (context) => {
    const lab = await stage.lab(context);
    const place = await workspace(lab, { envoy: { liveCluster: 'nobody' } });
    const { script, after } = await runGitlab(place, { name_suffix: '' });
    context.expect(script, script.output).toMatchObject({ code: 3 });
    context.expect(after).toMatchObject({ code: 0, output: '' });
    context
      .expect(await readFile(join(place, 'mirror-experiment/result.env'), 'utf8'))
      .toContain('MIRROR_REASON=ConfigurationError\nMIRROR_EXIT_CODE=3\n');
  });

  test('after a cancelled job nothing is mirrored', async (context) => {
    const lab = await stage.lab(context);
    const before = await lab.targets();
    const { script, after } = await runGitlab(await workspace(lab), {}, ({ kill }) =>
      lab.until('candidate-4711', 'copies', isCopying, 200).then(kill),
    );
    context.expect(script).toMatchObject({ code: null });
    context.expect(after).toMatchObject({ code: 0, output: context.expect.stringContaining('candidate-4711 is gone') });
    context.expect(await lab.targets()).toEqual(before);
  });
});
