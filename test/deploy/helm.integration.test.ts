import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { type ApiServer, startApiServer } from '../support/apiServer.ts';
import { commandsOf, runCommands } from '../support/documentShell.ts';
import { CHART, helm } from '../support/helm.ts';
import { kubectl } from '../support/kubectl.ts';
import { letNamespaceGo } from '../support/namespaceController.ts';

// The chart on a real API server, by the commands of the documents. Nobody runs its pods there; what they need is the same as
// with kustomize (chart.integration.test.ts).
const ROOT = join(import.meta.dirname, '..', '..');
const SYSTEM = 'mirror-experiment-system';
const INSTALL = commandsOf('docs/install.md', 'helm install');
const UPGRADE = commandsOf('docs/operations.md', 'helm upgrade');
const UNINSTALL = commandsOf('docs/operations.md', 'helm uninstall');
const DEFINITION = 'crd/mirrorexperiments.mirroring.dev';

/** An API server of its own that has nothing of us. */
async function emptyCluster({ onTestFinished }: TestContext) {
  const server = await startApiServer({ crds: false });
  onTestFinished(() => server.stop());
  return {
    server,
    shell: (code: string) => runCommands(server.kubeconfig, code),
    run: (...args: string[]) => kubectl(server.kubeconfig, args),
    helm: (args: readonly string[], values?: object) =>
      helm(args, { kubeconfig: server.kubeconfig, ...(values !== undefined && { values }) }),
  };
}

async function remains({ kubeconfig }: ApiServer): Promise<string> {
  const kinds =
    'namespaces,crd,clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings';
  const inside = 'deployments,cronjobs,services,pdb,networkpolicies,roles,rolebindings,serviceaccounts,secrets';
  const { stdout } = await kubectl(kubeconfig, ['get', `${kinds},${inside}`, '-A', '-o', 'name']);
  return stdout
    .split('\n')
    .filter((name) => /mirror-?experiment/.test(name))
    .join('\n');
}

describe('the chart on an API server', { timeout: 180_000 }, () => {
  test('is installed, upgraded and uninstalled as the documents say', async (context) => {
    const { server, shell, run } = await emptyCluster(context);
    expect(await shell(INSTALL)).toMatchObject({ code: 0, output: expect.stringContaining('STATUS: deployed') });
    expect(await run('wait', '--for=condition=Established', DEFINITION, '--timeout=20s')).toMatchObject({ code: 0 });
    const get = ['get', 'deployment', 'mirror-experiment', '-n', SYSTEM, '-o'];
    const image = async () => (await run(...get, 'jsonpath={.spec.template.spec.containers[0].image}')).stdout;
    expect(await image()).toBe('registry.example.com/platform/mirror-experiment:0.1.0');
    const { metadata, spec } = JSON.parse((await run(...get, 'json')).stdout).spec.template;
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name: 'operator' }, spec };
    // The namespace enforces the restricted standard.
    const create = (body: object) =>
      kubectl(server.kubeconfig, ['create', '-n', SYSTEM, '--dry-run=server', '-f', '-'], {
        input: JSON.stringify(body),
      });
    expect(await create(pod)).toMatchObject({ code: 0, stderr: '' });
    expect(await create({ ...pod, spec: { ...spec, hostNetwork: true } })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('violates PodSecurity "restricted:latest"'),
    });

    // The definition of an older version, without a field that this one has.
    const definition = parse(await readFile(join(CHART, 'crds', 'mirrorexperiments.yaml'), 'utf8'));
    const { traffic } = definition.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties;
    const hasRamp = async () =>
      (await run('get', DEFINITION, '-o', 'json')).stdout.includes('Smaller shares that are copied first');
    Reflect.deleteProperty(traffic.properties, 'ramp');
    Reflect.deleteProperty(traffic, 'x-kubernetes-validations');
    const versions = definition.spec.versions[0].schema.openAPIV3Schema.properties.spec;
    const rules: { rule: string }[] = versions['x-kubernetes-validations'];
    versions['x-kubernetes-validations'] = rules.filter(({ rule }) => !rule.includes('ramp'));
    const older = await kubectl(server.kubeconfig, ['replace', '-f', '-'], { input: stringify(definition) });
    expect(older).toMatchObject({ code: 0 });
    expect(await hasRamp()).toBe(false);
    const [, byHelm = ''] = UPGRADE.split('\n');
    expect(await shell(`${byHelm} --set image.tag=0.2.0`)).toMatchObject({ code: 0 });
    expect([await image(), await hasRamp()]).toEqual(['registry.example.com/platform/mirror-experiment:0.2.0', false]);
    expect(await shell(UPGRADE)).toMatchObject({ code: 0 });
    expect([await image(), await hasRamp()]).toEqual(['registry.example.com/platform/mirror-experiment:0.1.0', true]);

    const [uninstalled] = await Promise.all([shell(UNINSTALL), letNamespaceGo(server.kubeconfig, SYSTEM)]);
    expect(uninstalled).toMatchObject({ code: 0 });
    expect(await remains(server)).toBe('');
  });

  test('is refused a second time for the cluster, and is one for each namespace otherwise', async (context) => {
    const { run, helm: of } = await emptyCluster(context);
    for (const name of ['one', 'two', 'three'])
      expect(await run('create', 'namespace', name)).toMatchObject({ code: 0 });
    const install = (name: string, values: object) => of(['install', name, CHART, '-n', name], values);
    expect(await install('one', {})).toMatchObject({ code: 0 });
    const second = await install('two', {});
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/exists and cannot be imported into the current release/);
    const rolesOf = async () => (await run('get', 'clusterroles,clusterrolebindings', '-o', 'name')).stdout;
    const before = await rolesOf();
    await of(['uninstall', 'two', '-n', 'two', '--ignore-not-found']);
    for (const name of ['two', 'three']) expect(await install(name, { scope: 'Namespace' })).toMatchObject({ code: 0 });
    // Without a cluster role.
    expect(await rolesOf()).toBe(before);
    const mayPatch = async (where: string) => {
      const as = '--as=system:serviceaccount:two:mirror-experiment';
      return (await run('auth', 'can-i', 'patch', 'configmaps', '-n', where, as)).stdout.trim();
    };
    expect([await mayPatch('two'), await mayPatch('three'), await mayPatch('one')]).toEqual(['yes', 'no', 'no']);
  });

  test('takes over what kustomize has installed', async (context) => {
    const { run, helm: of } = await emptyCluster(context);
    expect(await run('apply', '-k', join(ROOT, 'deploy'))).toMatchObject({ code: 0 });
    const template = async () =>
      (await run('get', 'deployment', 'mirror-experiment', '-n', SYSTEM, '-o', 'jsonpath={.spec.template}')).stdout;
    const before = await template();
    expect(before).toContain('mirror-experiment:0.1.0');
    const args = ['install', 'mirror-experiment', CHART, '-n', SYSTEM];
    expect(await of(args)).toMatchObject({ code: 1 });
    expect(await of(['uninstall', 'mirror-experiment', '-n', SYSTEM, '--ignore-not-found'])).toMatchObject({ code: 0 });
    expect(await run('get', 'deployment', 'mirror-experiment', '-n', SYSTEM)).toMatchObject({ code: 0 });
    expect(await of([...args, '--take-ownership', '--force-conflicts'])).toMatchObject({ code: 0, stderr: '' });
    // No pod is replaced.
    expect(await template()).toBe(before);
  });

  test('and the overlay for the Prometheus operator are what its definitions take', async (context) => {
    const { run, server } = await emptyCluster(context);
    const fixtures = join(import.meta.dirname, '..', 'fixtures', 'prometheus-operator');
    expect(await run('apply', '--server-side', '-f', fixtures)).toMatchObject({ code: 0 });
    for (const kind of ['servicemonitors', 'prometheusrules']) {
      const name = `crd/${kind}.monitoring.coreos.com`;
      expect(await run('wait', '--for=condition=Established', name, '--timeout=20s')).toMatchObject({ code: 0 });
    }
    const overlay = [
      'apply',
      '-k',
      join(ROOT, 'deploy', 'overlays', 'prometheus-operator'),
      '--server-side',
      '--validate=strict',
    ];
    expect(await run(...overlay)).toMatchObject({ code: 0, stderr: '' });
    const rendered = await helm(['template', 'x', CHART, '-n', SYSTEM], {
      values: { prometheusOperator: { enabled: true } },
    });
    const apply = [
      'apply',
      '--server-side',
      '--force-conflicts',
      '--validate=strict',
      '--field-manager=other',
      '-f',
      '-',
    ];
    expect(await kubectl(server.kubeconfig, apply, { input: rendered.stdout })).toMatchObject({ code: 0, stderr: '' });
  });
});
