import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { isRecord, recordAt, recordsAt, stringAt } from '../../src/core/kubernetes/fields.ts';
import { ROOT } from '../docs/documents.ts';
import { V3 } from '../support/lab.ts';
import type { LiveLab } from '../support/liveLab.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';
import { holds, parameters, steps, usedParameters } from './azurePipelines.ts';
import { read, readYaml } from './recipes.ts';
import { type RunningShell, startShell } from './shell.ts';

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

async function workspace(lab: LiveLab, change: Parameters<LiveLab['manifest']>[1] = {}): Promise<string> {
  const place = await mkdtemp(join(directory, 'job-'));
  await writeFile(join(place, 'experiment.yaml'), stringify(lab.manifest('candidate', change)));
  return place;
}

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
async function runPipeline(lab: LiveLab, place: string, onGate: (shell: RunningShell) => void = () => {}) {
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
  const given = { ...values, cluster: 'cluster', timeout: '140s' };
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
    if (step.displayName === 'Run the experiment') onGate(shell);
    const { code, output } = await shell.ended;
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

describe.concurrent('the steps of Azure Pipelines', { timeout: 200_000 }, () => {
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
    const run = await runPipeline(lab, await workspace(lab), ({ kill }) => {
      void lab.until('candidate-42-1', 'copies', ({ status }) => status.mirroringSince !== undefined).then(kill);
    });
    context
      .expect(run.ran)
      .toEqual({ 'Run the experiment': null, 'End the experiment that was left': 0, 'Tell the result': 0 });
    context.expect(run.variables).toMatchObject({ verdict: 'Running', reason: context.expect.any(String) });
    context.expect(run.log).toMatch(/candidate-42-1 is gone: no request is copied any more/);
    context.expect(await lab.targets()).toEqual(before);
  });
});

/** The template's job with its inputs put in, as GitLab does before it reads the YAML. */
function gitlabJob(inputs: Readonly<Record<string, string>>): Record<string, unknown> {
  const text = read('docs/recipes/gitlab-ci/gate.yml');
  const [header = '', body = ''] = text.split(/^---$/m);
  const declared = Object.entries(recordAt(recordAt(parseAllDocuments(header)[0]?.toJS(), 'spec'), 'inputs') ?? {});
  const used = new Set([...body.matchAll(/\$\[\[ inputs\.(\w+) \]\]/g)].map(([, name = '']) => name));
  expect(new Set(declared.map(([name]) => name))).toEqual(used);
  expect(Object.keys(inputs).filter((name) => !used.has(name))).toEqual([]);
  const filled = body.replaceAll(/\$\[\[ inputs\.(\w+) \]\]/g, (_, name: string) => {
    const value = inputs[name] ?? stringAt(declared.find(([each]) => each === name)?.[1], 'default');
    if (value === undefined) throw new Error(`the input ${name} is not given`);
    return value;
  });
  const job = recordAt(parseAllDocuments(filled)[0]?.toJS(), 'mirror-experiment');
  if (job === undefined) throw new Error('the template has no job mirror-experiment');
  return job;
}

/** Runs the job as a runner does: the lines of `script` in one shell that ends at the first that fails, then after_script. */
async function runGitlab(
  place: string,
  inputs: Readonly<Record<string, string>>,
  onGate: (shell: RunningShell) => void = () => {},
) {
  const job = gitlabJob({
    ...inputs,
    image: 'example/image:1',
    timeout: '140s',
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
  onGate(shell);
  const script = await shell.ended;
  const after = await startShell(['sh', '-e', '-c', lines('after_script')], environment, place).ended;
  return { job, script, after };
}

describe.concurrent('the job of GitLab CI', { timeout: 200_000 }, () => {
  test('runs in an image that is given, with the entry point taken away', async (context) => {
    const job = gitlabJob({ image: 'example/image:1' });
    context.expect(job.image).toEqual({ name: 'example/image:1', entrypoint: [''] });
    const include = parseAllDocuments(read('docs/recipes/gitlab-ci/.gitlab-ci.yml'))[0]?.toJS();
    const [{ file, inputs }] = recordsAt(include, 'include') as [{ file: string; inputs: Record<string, string> }];
    context.expect(file).toBe('docs/recipes/gitlab-ci/gate.yml');
    context.expect(gitlabJob(inputs)).toMatchObject({ timeout: '2h' });
    const image = /^ENTRYPOINT \["node", "(.*)main\.js"\]$/m.exec(read('Dockerfile'))?.[1];
    context
      .expect(
        stringAt(
          recordAt(recordAt(parseAllDocuments(read('docs/recipes/gitlab-ci/gate.yml'))[0]?.toJS(), 'spec'), 'inputs')
            ?.command,
          'default',
        ),
      )
      .toBe(`node ${image}cli/main.js`);
  });

  test('passes on a Pass, with the reports where the job says they are', async (context) => {
    const lab = await stage.lab(context);
    const place = await workspace(lab, { analysis: { deadlineSeconds: 100 } });
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
    const { script, after } = await runGitlab(await workspace(lab), {}, ({ kill }) => {
      void lab.until('candidate-4711', 'copies', ({ status }) => status.mirroringSince !== undefined).then(kill);
    });
    context.expect(script).toMatchObject({ code: null });
    context.expect(after).toMatchObject({ code: 0, output: context.expect.stringContaining('candidate-4711 is gone') });
    context.expect(await lab.targets()).toEqual(before);
  });
});
