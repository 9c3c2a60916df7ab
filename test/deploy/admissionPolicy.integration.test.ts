import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { baseResource } from '../api/crdCases.ts';
import { type ApiServer, startApiServer, testNamespace } from '../support/apiServer.ts';
import { type KubectlResult, kubectl } from '../support/kubectl.ts';
import { until } from '../support/liveLab.ts';

const POLICY = join(import.meta.dirname, '..', '..', 'deploy', 'base', 'admissionpolicy.yaml');
const AUTHOR = 'author';

let server: ApiServer;
let namespace: string;
// A server of its own: the policy is for every namespace.
beforeAll(async () => {
  server = await startApiServer();
  namespace = await testNamespace(server);
  await allow('experiments', 'create,get,patch,update', 'mirrorexperiments.mirroring.dev');
  await succeed(['apply', '-f', POLICY]);
  // A policy is in force some time after it is stored.
  await until('the policy is in force', async () => (await create('early', undefined, candidate)).code === 1, 30);
});
afterAll(async () => {
  await server?.stop();
});

const run = (args: readonly string[], input?: object): Promise<KubectlResult> =>
  kubectl(server.kubeconfig, ['-n', namespace, ...args], input === undefined ? {} : { input: JSON.stringify(input) });

async function succeed(args: readonly string[], input?: object): Promise<void> {
  expect(await run(args, input)).toMatchObject({ code: 0, stderr: '' });
}

/** Gives the author a right in the namespace; returns how it is taken away, and waits until each is in force. */
async function allow(name: string, verbs: string, resource: string, object?: string): Promise<() => Promise<void>> {
  const only = object === undefined ? [] : [`--resource-name=${object}`];
  await succeed(['create', 'role', name, `--verb=${verbs}`, `--resource=${resource}`, ...only]);
  await succeed(['create', 'rolebinding', name, `--role=${name}`, `--user=${AUTHOR}`]);
  const verb = verbs.split(',')[0] ?? '';
  const asked = object === undefined ? resource : `${resource}/${object}`;
  const may = async () => (await run(['auth', 'can-i', verb, asked, `--as=${AUTHOR}`])).stdout.trim();
  await until(`${AUTHOR} may ${verb} ${asked}`, async () => (await may()) === 'yes');
  return async () => {
    await succeed(['delete', 'rolebinding,role', name]);
    await until(`${AUTHOR} may not ${verb} ${asked}`, async () => (await may()) === 'no');
  };
}

interface Experiment {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly mirror: object;
    readonly traffic: { readonly envoy: { readonly configMap: { readonly name: string } } };
  };
}
/** The lab's, which names a ConfigMap and two Deployments. */
function experiment(name: string, reload?: object, mirror: object = {}): object {
  const resource: Experiment = JSON.parse(JSON.stringify(baseResource()));
  const { traffic } = resource.spec;
  const { configMap } = traffic.envoy;
  const envoy = { configMap: { ...configMap, name: 'sidecar' }, liveCluster: 'live', mirrorCluster: 'mirror' };
  return {
    ...{ ...resource, metadata: { name } },
    spec: {
      ...resource.spec,
      mirror: { service: 'candidate', version: 'V2', ...mirror },
      traffic: { ...traffic, envoy: { ...envoy, ...(reload && { reload }) } },
    },
  };
}
const candidate = { deployment: { name: 'candidate', replicas: 1 } };
const restarted = (kind: string) => ({ workload: { kind, name: 'front' } });
const create = (name: string, ...parts: [(object | undefined)?, object?]) =>
  run(['create', `--as=${AUTHOR}`, '-f', '-'], experiment(name, ...parts));

describe('who writes an experiment', { timeout: 120_000 }, () => {
  test.for([
    ['ConfigMap', 'configmaps', undefined, 'sidecar', 'spec.traffic.envoy.configMap'],
    ['Deployment', 'deployments', undefined, 'candidate', 'spec.mirror.deployment'],
    ['Deployment', 'deployments', 'Deployment', 'front', 'spec.traffic.envoy.reload.workload'],
    ['DaemonSet', 'daemonsets', 'DaemonSet', 'front', 'spec.traffic.envoy.reload.workload'],
    ['StatefulSet', 'statefulsets', 'StatefulSet', 'front', 'spec.traffic.envoy.reload.workload'],
  ] as const)(
    'needs the right to patch its %s: %s, restarting %s',
    async ([kind, resource, restarts, object, field]) => {
      const name = `${resource}-${object}`;
      const parts: [(object | undefined)?, object?] = [
        restarts && restarted(restarts),
        field === 'spec.mirror.deployment' ? candidate : {},
      ];
      const group = kind === 'ConfigMap' ? 'configmaps' : `${resource}.apps`;
      // Everything else that it names is granted, so that this one right decides.
      const others = kind === 'ConfigMap' ? [] : [await allow(`${name}-other`, 'patch', 'configmaps', 'sidecar')];

      const refused = await create(name, ...parts);
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toContain(`${field}: ${AUTHOR} may not patch ${kind} ${object} in namespace ${namespace}`);
      expect(refused.stderr).toContain(`grant patch on ${group} there`);

      // The right to another object of the kind is not enough; to this one, it is.
      const another = await allow(`${name}-another`, 'patch', group, 'another');
      expect(await create(name, ...parts)).toMatchObject({ code: 1 });
      const right = await allow(name, 'patch', group, object);
      expect(await create(name, ...parts)).toMatchObject({ code: 0, stderr: '' });
      for (const takeAway of [another, right, ...others]) await takeAway();
    },
  );

  test('needs it for a changed spec too, and not for labels, finalizers or the status', async () => {
    await succeed(['create', '-f', '-'], experiment('changed'));
    const patch = (body: object, ...more: string[]) =>
      run(['patch', 'mexp', 'changed', '--type=merge', '-p', JSON.stringify(body), `--as=${AUTHOR}`, ...more]);
    expect(await patch({ spec: { traffic: { percent: 7 } } })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('may not patch ConfigMap sidecar'),
    });
    expect(
      await patch({ metadata: { labels: { team: 'books' }, finalizers: ['mirroring.dev/restore'] } }),
    ).toMatchObject({
      code: 0,
      stderr: '',
    });
    await allow('status', 'get,patch', 'mirrorexperiments.mirroring.dev/status');
    const operator = { status: { verdict: 'Pass' } };
    const written = await run([
      'patch',
      'mexp',
      'changed',
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify(operator),
      `--as=${AUTHOR}`,
    ]);
    expect(written).toMatchObject({ code: 0, stderr: '' });
    await succeed(['patch', 'mexp', 'changed', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
  });

  test('has it with the role edit', async () => {
    // What Kubernetes puts into edit: its controller, which is not here, sums it up from such roles.
    await succeed(['create', 'rolebinding', 'edit', '--clusterrole=system:aggregate-to-edit', `--user=${AUTHOR}`]);
    const may = async () => (await run(['auth', 'can-i', 'patch', 'configmaps', `--as=${AUTHOR}`])).stdout.trim();
    await until('the role is in force', async () => (await may()) === 'yes');
    expect(await create('by-edit', restarted('StatefulSet'), candidate)).toMatchObject({ code: 0, stderr: '' });
    await succeed(['delete', 'rolebinding', 'edit']);
  });
});
