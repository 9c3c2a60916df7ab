import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { binaries } from '../../tools/binaries.ts';
import { type ApiServer, startApiServer, testCluster, testNamespace } from '../support/apiServer.ts';
import { cli, startCli } from '../support/cli.ts';
import { experiment } from '../support/experiments.ts';
import { kubectl } from '../support/kubectl.ts';

// Without an operator: the tests write the status themselves.

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubectl-mirror-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

type Conditions = Readonly<Record<string, readonly [status: string, reason: string]>>;

async function patchStatus(
  { kubeconfig }: { kubeconfig: string },
  namespace: string,
  name: string,
  status: { readonly conditions: Conditions; readonly generation?: number } & Readonly<Record<string, unknown>>,
): Promise<void> {
  const { conditions, generation = 1, ...rest } = status;
  const written = Object.entries(conditions).map(([type, [value, reason]]) => {
    const times = { lastTransitionTime: '2026-01-01T00:00:00Z', observedGeneration: generation };
    return { type, status: value, reason, message: 'x', ...times };
  });
  const patch = JSON.stringify({ status: { ...rest, conditions: written } });
  const args = ['patch', `mexp/${name}`, '-n', namespace, '--subresource=status', '--type=merge', '-p', patch];
  const result = await kubectl(kubeconfig, args);
  expect(result).toMatchObject({ code: 0 });
}

const PASSED = { Passed: ['True', 'WithinTolerance'], Complete: ['True', 'Finished'] } as const;
const FAILED = { Passed: ['False', 'Latency'], Complete: ['True', 'Finished'] } as const;

async function create(cluster: { kubeconfig: string }, namespace: string, object: object): Promise<void> {
  const result = await kubectl(cluster.kubeconfig, ['create', '-n', namespace, '-f', '-'], {
    input: JSON.stringify(object),
  });
  expect(result).toMatchObject({ code: 0 });
}

describe('an API server that goes away', () => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer();
  });
  afterAll(() => server?.stop());

  test('does not end wait, nor run', { timeout: 120_000 }, async () => {
    const { kubeconfig } = server;
    const namespace = await testNamespace(server);
    await create(server, namespace, experiment('waited'));
    const waiting = startCli(['wait', 'waited', '-n', namespace], { kubeconfig });
    const running = startCli(['run', '-', '-n', namespace, '-o', 'json'], {
      kubeconfig,
      input: stringify(experiment('run')),
    });
    await Promise.all([waiting.told(/Waiting: no operator/), running.told(/Waiting: no operator/)]);
    await server.kill();
    await Promise.all([waiting.told(/warning: watch of .* failed/), running.told(/warning: watch of .* failed/)]);
    await server.restart();
    await patchStatus(server, namespace, 'waited', { verdict: 'Fail', summary: 'Fail: x', conditions: FAILED });
    await patchStatus(server, namespace, 'run', { verdict: 'Pass', summary: 'Pass: x', conditions: PASSED });
    expect(await waiting.ended).toMatchObject({ code: 1, stdout: 'Fail (Latency): x\n' });
    const { code, stdout } = await running.ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'Pass',
      experiment: { namespace, name: 'run', generation: 1 },
    });
  });

  test('is told when it is not there at all, with exit code 3', async () => {
    const file = join(directory, 'nowhere');
    const config = parse(await readFile(server.kubeconfig, 'utf8'));
    config.clusters[0].cluster.server = 'https://127.0.0.1:1';
    await writeFile(file, stringify(config));
    for (const args of [['list'], ['status', 'x'], ['wait', 'x']]) {
      const result = await cli([...args, '--kubeconfig', file]);
      expect(result).toMatchObject({ code: 3, stdout: '' });
      expect(result.stderr).toMatch(/^error: GET .*ECONNREFUSED/);
    }
  });
});

describe.concurrent('on the API server', { timeout: 120_000 }, () => {
  const cluster = () => testCluster();

  test('the second interrupt ends run at once and says what is left', async ({ expect }) => {
    const { kubeconfig } = cluster();
    const namespace = await testNamespace();
    const held = experiment('held', { finalizers: ['example.com/hold'] });
    const running = startCli(['run', '-', '-n', namespace, '--cleanup'], { kubeconfig, input: JSON.stringify(held) });
    await running.told(/Waiting: no operator/);
    running.child.kill('SIGINT');
    await running.told(/interrupted; deleting .*held and awaiting the end of mirroring/);
    const isDeleted = async () =>
      (await kubectl(kubeconfig, ['get', 'mexp/held', '-n', namespace, '-o', 'jsonpath={.metadata.deletionTimestamp}']))
        .stdout;
    while ((await isDeleted()) === '') await new Promise((resolve) => setTimeout(resolve, 100));
    running.child.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/held is deleted, but not everything is restored yet; the operator goes on with it/);
    await kubectl(kubeconfig, [
      'patch',
      'mexp/held',
      '-n',
      namespace,
      '--type=merge',
      '-p',
      '{"metadata":{"finalizers":null}}',
    ]);
  });

  test('wait is for the generation that is there, or the one that is named', async ({ expect }) => {
    const { kubeconfig } = cluster();
    const namespace = await testNamespace();
    await create(cluster(), namespace, experiment('changed'));
    await patchStatus(cluster(), namespace, 'changed', { verdict: 'Pass', conditions: PASSED });
    expect(await cli(['wait', 'changed', '-n', namespace], { kubeconfig })).toMatchObject({ code: 0 });
    const spec = { analysis: { deadlineSeconds: 7200 } };
    await kubectl(kubeconfig, [
      'patch',
      'mexp/changed',
      '-n',
      namespace,
      '--type=merge',
      '-p',
      JSON.stringify({ spec }),
    ]);
    // The verdict that is still there belongs to the spec before.
    expect(await cli(['wait', 'changed', '-n', namespace, '--timeout', '2s'], { kubeconfig })).toMatchObject({
      code: 4,
    });
    const old = await cli(['wait', 'changed', '-n', namespace, '--generation', '1'], { kubeconfig });
    expect(old).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/was changed: generation 2, and 1 was waited for/),
    });
    await patchStatus(cluster(), namespace, 'changed', { verdict: 'Fail', conditions: FAILED, generation: 2 });
    expect(await cli(['wait', 'changed', '-n', namespace], { kubeconfig })).toMatchObject({ code: 1 });
  });

  test('an experiment that is deleted, or was never there, is an error', async ({ expect }) => {
    const { kubeconfig } = cluster();
    const namespace = await testNamespace();
    const missing = await cli(['wait', 'nobody', '-n', namespace], { kubeconfig });
    expect(missing).toMatchObject({
      code: 3,
      stderr: `error: there is no MirrorExperiment nobody in the namespace ${namespace}\n`,
    });
    await create(cluster(), namespace, experiment('deleted'));
    const waiting = startCli(['wait', 'deleted', '-n', namespace], { kubeconfig });
    await waiting.told(/Waiting/);
    await kubectl(kubeconfig, ['delete', 'mexp/deleted', '-n', namespace]);
    expect(await waiting.ended).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/was deleted before it was complete/),
    });
  });

  test('run refuses what the API server refuses, and conflicts unless forced', async ({ expect }) => {
    const { kubeconfig } = cluster();
    const namespace = await testNamespace();
    const run = (object: object, ...flags: string[]) =>
      cli(['run', '-', '-n', namespace, '--timeout', '2s', ...flags], { kubeconfig, input: JSON.stringify(object) });
    const wrong = experiment('wrong');
    const typo = await run({ ...wrong, spec: { ...wrong.spec, anaylsis: {} } }, '--cleanup');
    expect(typo).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/unknown field "?\.?spec\.anaylsis|field not declared in schema/),
    });
    const same = await run({
      ...wrong,
      spec: { ...wrong.spec, mirror: { service: 'm', version: wrong.spec.live.version } },
    });
    expect(same).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/spec.mirror.version must differ from spec.live.version/),
    });
    expect((await kubectl(kubeconfig, ['get', 'mexp', '-n', namespace, '-o', 'name'])).stdout).toBe('');

    await create(cluster(), namespace, experiment('owned'));
    const changed = {
      ...experiment('owned'),
      spec: { ...experiment('owned').spec, analysis: { deadlineSeconds: 7200 } },
    };
    const conflict = await run(changed);
    expect(conflict).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/conflict.*--force-conflicts takes the fields over/),
    });
    expect(await run(changed, '--force-conflicts')).toMatchObject({ code: 4 });
  });

  test('run gives every build its own experiment', async ({ expect }) => {
    const { kubeconfig } = cluster();
    const namespace = await testNamespace();
    const run = (object: object, ...flags: string[]) =>
      cli(['run', '-', '-n', namespace, '--timeout', '1s', ...flags], { kubeconfig, input: JSON.stringify(object) });
    const { metadata: _, ...rest } = experiment('x');
    const generated = { ...rest, metadata: { generateName: 'built-' } };
    expect(await run(experiment('build'), '--name-suffix', 'a1b2c3')).toMatchObject({ code: 4 });
    expect(await run(generated)).toMatchObject({ code: 4 });
    expect(await run(generated, '--cleanup')).toMatchObject({ code: 4 });
    const names = (await kubectl(kubeconfig, ['get', 'mexp', '-n', namespace, '-o', 'name'])).stdout.trim().split('\n');
    expect(names).toEqual([expect.stringMatching(/\/build-a1b2c3$/), expect.stringMatching(/\/built-\w{5}$/)]);
  });

  test('follows the context’s namespace and takes another one by -n, as kubectl does', async ({ expect }) => {
    const namespace = await testNamespace();
    await create(cluster(), namespace, experiment('here'));
    await patchStatus(cluster(), namespace, 'here', { verdict: 'Pass', summary: 'Pass: fine', conditions: PASSED });
    const file = join(directory, `context-${namespace}`);
    const config = parse(await readFile(cluster().kubeconfig, 'utf8'));
    const [context] = config.contexts;
    config.contexts = [context, { name: 'team', context: { ...context.context, namespace } }];
    await writeFile(file, stringify(config));
    const list = await cli(['list', '--context', 'team'], { kubeconfig: file });
    expect(list).toMatchObject({ code: 0, stderr: '' });
    expect(list.stdout).toMatch(/^NAME +VERDICT +REASON +SUMMARY\nhere +Pass +WithinTolerance +Pass: fine\n$/);
    expect((await cli(['list', '-n', namespace, '-o', 'json'], { kubeconfig: file })).stdout).toContain(
      '"verdict": "Pass"',
    );
    expect((await cli(['list', '-A'], { kubeconfig: file })).stdout).toContain(namespace);
    const none = await cli(['list', '--context', 'nobody'], { kubeconfig: file });
    expect(none).toMatchObject({ code: 3, stderr: expect.stringMatching(/has no context nobody; it has .*team/) });
    expect(await cli(['status', 'here', '--context', 'team', '--exit-code'], { kubeconfig: file })).toMatchObject({
      code: 0,
    });
  });

  test('as a plugin of the real kubectl, built as the package has it', async ({ expect }) => {
    const namespace = await testNamespace();
    await create(cluster(), namespace, experiment('plugged'));
    const root = join(import.meta.dirname, '..', '..');
    const [checkout, path] = [join(directory, 'package'), join(directory, 'bin')];
    await mkdir(checkout);
    await mkdir(path);
    for (const name of ['src', 'tsconfig.json', 'tsconfig.build.json', 'package.json']) {
      await cp(join(root, name), join(checkout, name), { recursive: true });
    }
    await symlink(join(root, 'node_modules'), join(checkout, 'node_modules'));
    const env = { ...process.env, PATH: `${path}:${join(root, 'node_modules', '.bin')}:${process.env.PATH}` };
    await promisify(execFile)('npm', ['run', '-s', 'build'], { cwd: checkout, env });
    const { bin }: { bin: Record<string, string> } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8'));
    await symlink(join(checkout, bin['kubectl-mirror'] ?? ''), join(path, 'kubectl-mirror'));
    const plugin = (args: string[]) =>
      promisify(execFile)(binaries().kubectl, ['mirror', ...args], {
        env: { ...env, KUBECONFIG: cluster().kubeconfig, PATH: `${env.PATH}:${dirname(binaries().kubectl)}` },
      });
    expect((await plugin(['list', '-n', namespace])).stdout).toMatch(/^NAME .*\nplugged +Running +Waiting /);
    expect((await plugin(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    await expect(plugin(['wait', 'plugged', '-n', namespace, '--timeout', '1s'])).rejects.toMatchObject({ code: 4 });
  });
});
