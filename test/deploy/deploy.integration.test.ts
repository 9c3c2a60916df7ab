import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { baseResource } from '../api/crdCases.ts';
import { type ApiServer, startApiServer, testNamespace } from '../support/apiServer.ts';
import { type KubectlResult, kubectl } from '../support/kubectl.ts';

const deploy = new URL('../../deploy/', import.meta.url).pathname;
const crds = new URL('../../crds/', import.meta.url).pathname;
const operator = 'system:serviceaccount:mirror-experiment-system:mirror-experiment';
const deadMansSwitch = `${operator}-dead-mans-switch`;

let server: ApiServer;
let bare: ApiServer;
let namespace: string;

// A server of its own: the manifests install the definition and are not namespaced.
beforeAll(async () => {
  [server, bare] = await Promise.all([startApiServer({ crds: false }), startApiServer({ crds: false })]);
  namespace = await testNamespace(server);
  await succeed(['apply', '-k', deploy]);
});
afterAll(async () => {
  await Promise.all([server?.stop(), bare?.stop()]);
});

const run = (args: readonly string[], input?: object): Promise<KubectlResult> =>
  kubectl(server.kubeconfig, args, input === undefined ? {} : { input: JSON.stringify(input) });

/** Neither an error nor a warning. */
async function succeed(args: readonly string[], input?: object): Promise<string> {
  const result = await run(args, input);
  expect(result).toMatchObject({ code: 0, stderr: '' });
  return result.stdout;
}

const asOperator = (...args: string[]) => [...args, '-n', namespace, `--as=${operator}`];

describe('kubectl apply', () => {
  test('-k deploy/ changes nothing the second time', async () => {
    const lines = (await succeed(['apply', '-k', deploy])).trim().split('\n');
    // kubectl replaces a budget's selector with itself, always.
    expect(lines.filter((line) => !line.endsWith(' unchanged'))).toEqual([
      'poddisruptionbudget.policy/mirror-experiment configured',
    ]);
    const get = ['get', 'pdb', 'mirror-experiment', '-n', 'mirror-experiment-system'];
    expect(await succeed([...get, '-o', 'jsonpath={.metadata.generation}'])).toBe('1');
    expect(lines.map((line) => line.split(' ')[0])).toEqual([
      'namespace/mirror-experiment-system',
      'customresourcedefinition.apiextensions.k8s.io/mirrorexperiments.mirroring.dev',
      'serviceaccount/mirror-experiment',
      'serviceaccount/mirror-experiment-dead-mans-switch',
      'role.rbac.authorization.k8s.io/mirror-experiment-dead-mans-switch-lease',
      'role.rbac.authorization.k8s.io/mirror-experiment-lease',
      'clusterrole.rbac.authorization.k8s.io/mirror-experiment',
      'clusterrole.rbac.authorization.k8s.io/mirror-experiment-dead-mans-switch',
      'clusterrole.rbac.authorization.k8s.io/mirror-experiment-edit',
      'clusterrole.rbac.authorization.k8s.io/mirror-experiment-view',
      'rolebinding.rbac.authorization.k8s.io/mirror-experiment-dead-mans-switch-lease',
      'rolebinding.rbac.authorization.k8s.io/mirror-experiment-lease',
      'clusterrolebinding.rbac.authorization.k8s.io/mirror-experiment',
      'clusterrolebinding.rbac.authorization.k8s.io/mirror-experiment-dead-mans-switch',
      'service/mirror-experiment-metrics',
      'deployment.apps/mirror-experiment',
      'cronjob.batch/mirror-experiment-dead-mans-switch',
      'poddisruptionbudget.policy/mirror-experiment',
      'validatingadmissionpolicy.admissionregistration.k8s.io/mirror-experiment-author',
      'validatingadmissionpolicybinding.admissionregistration.k8s.io/mirror-experiment-author',
      'networkpolicy.networking.k8s.io/mirror-experiment',
      'networkpolicy.networking.k8s.io/mirror-experiment-dead-mans-switch',
    ]);
  });

  test('-k deploy/ --server-side is taken too', async () => {
    await succeed(['apply', '-k', deploy, '--server-side', '--force-conflicts']);
  });

  test.for([
    ['-k', crds],
    ['-f', `${crds}mirrorexperiments.yaml`],
    ['--server-side', '-f', `${crds}mirrorexperiments.yaml`],
  ])('the definition alone, with %j', async (args) => {
    const apply = (...rest: string[]) => kubectl(bare.kubeconfig, [...rest]);
    const name = 'crd/mirrorexperiments.mirroring.dev';
    expect(await apply('apply', ...args)).toMatchObject({ code: 0, stderr: '' });
    expect(await apply('wait', '--for=condition=Established', name, '--timeout=20s')).toMatchObject({ code: 0 });
    const { stdout } = await apply('get', name, '-o', 'jsonpath={.status.conditions[*].type}');
    expect(stdout).not.toContain('NonStructuralSchema');
    expect(await apply('delete', name)).toMatchObject({ code: 0 });
  });
});

describe('the operator', () => {
  test.for([
    ['get', 'mirrorexperiments'],
    ['update', 'mirrorexperiments/status'],
    ['patch', 'configmaps'],
    ['create', 'configmaps'],
    ['patch', 'statefulsets.apps'],
    ['list', 'pods'],
    ['create', 'events'],
  ] as const)('may %s %s', async ([verb, resource]) => {
    expect(await may(verb, resource)).toBe(true);
  });

  test.for([
    ['create', 'mirrorexperiments'],
    ['update', 'mirrorexperiments'],
    ['delete', 'mirrorexperiments'],
    ['list', 'configmaps'],
    ['update', 'configmaps'],
    ['delete', 'configmaps'],
    ['list', 'deployments.apps'],
    ['create', 'deployments.apps'],
    ['delete', 'deployments.apps'],
    ['patch', 'deployments.apps/scale'],
    ['patch', 'services'],
    ['list', 'events'],
    ['get', 'secrets'],
    ['list', 'secrets'],
    ['get', 'pods'],
    ['create', 'pods'],
    ['delete', 'pods'],
    ['create', 'pods/exec'],
    ['create', 'serviceaccounts/token'],
    ['impersonate', 'serviceaccounts'],
    ['create', 'rolebindings.rbac.authorization.k8s.io'],
    ['escalate', 'clusterroles.rbac.authorization.k8s.io'],
    ['patch', 'customresourcedefinitions.apiextensions.k8s.io'],
  ] as const)('may not %s %s', async ([verb, resource]) => {
    expect(await may(verb, resource)).toBe(false);
  });

  test('has no right beyond what its role says and what every ServiceAccount has', async () => {
    const own = await ownRights(operator);
    expect(own.toSorted()).toEqual([
      'configmaps [] [] [get watch patch create]',
      'daemonsets.apps [] [] [get watch patch]',
      'deployments.apps [] [] [get watch patch]',
      'events [] [] [get create patch]',
      'mirrorexperiments.mirroring.dev [] [] [get list watch patch]',
      'mirrorexperiments.mirroring.dev/status [] [] [update]',
      'pods [] [] [list watch]',
      'services [] [] [get watch]',
      'statefulsets.apps [] [] [get watch patch]',
    ]);
  });

  test('may take and renew its Lease in its own namespace, and touch no other', async () => {
    const own = ['-n', 'mirror-experiment-system', `--as=${operator}`];
    const lease = (name: string) => ({
      ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name } },
      spec: { holderIdentity: 'somebody', leaseDurationSeconds: 15 },
    });
    await succeed(['create', '-f', '-', ...own], lease('mirror-experiment'));
    const stored = await succeed(['get', 'lease', 'mirror-experiment', '-o', 'json', ...own]);
    await succeed(['replace', '-f', '-', ...own], JSON.parse(stored));

    await succeed(['create', '-f', '-', '-n', 'mirror-experiment-system'], lease('of-another'));
    for (const refused of [
      ['get', 'lease', 'of-another', ...own],
      ['get', 'leases', ...own],
      ['delete', 'lease', 'mirror-experiment', ...own],
      ['patch', 'lease', 'mirror-experiment', '--type=merge', '-p', '{}', ...own],
      asOperator('get', 'lease', 'mirror-experiment'),
    ]) {
      expect(await run(refused)).toMatchObject({ code: 1, stderr: expect.stringMatching(/forbidden/i) });
    }
  });

  test('can follow an experiment, keep it with a finalizer and write its status, but not make or delete one', async () => {
    await succeed(['apply', '-n', namespace, '-f', '-'], baseResource());
    const name = 'mexp/bookservice-v3';
    await succeed(asOperator('get', name));
    const finalizers = JSON.stringify({ metadata: { finalizers: ['mirroring.dev/restore'] } });
    await succeed(asOperator('patch', name, '--type=merge', '-p', finalizers));
    // kubectl patch would read the status first, which the operator has no need to.
    const experiment = JSON.parse(await succeed(asOperator('get', name, '-o', 'json')));
    const path = `/apis/mirroring.dev/v1alpha1/namespaces/${namespace}/mirrorexperiments/bookservice-v3/status`;
    const written = { ...experiment, status: { verdict: 'Pass' } };
    await succeed(asOperator('replace', '--raw', path, '-f', '-'), written);

    const shown = await succeed(asOperator('get', name, '-o', 'jsonpath={.metadata.finalizers[*]} {.status.verdict}'));
    expect(shown).toBe('mirroring.dev/restore Pass');
    for (const refused of [asOperator('delete', name), asOperator('create', 'secret', 'generic', 'x')]) {
      expect(await run(refused)).toMatchObject({ code: 1, stderr: expect.stringMatching(/forbidden/i) });
    }
  });
});

/** The rights in the namespace that an account has and others have not. */
async function ownRights(account: string): Promise<readonly string[]> {
  const rightsOf = async (user: string) => {
    const list = ['auth', 'can-i', '--list', '--no-headers', '-n', namespace, `--as=${user}`];
    return (await succeed(list))
      .trim()
      .split('\n')
      .map((line) => line.replaceAll(/\s+/g, ' ').trim());
  };
  const everyone = await rightsOf(`system:serviceaccount:${namespace}:other`);
  return (await rightsOf(account)).filter((row) => !everyone.includes(row));
}

describe('the dead man’s switch', () => {
  test('has no right beyond what its role says and what every ServiceAccount has', async () => {
    expect((await ownRights(deadMansSwitch)).toSorted()).toEqual([
      'configmaps [] [] [get patch]',
      'daemonsets.apps [] [] [get patch]',
      'deployments.apps [] [] [get patch]',
      'events [] [] [get create patch]',
      'mirrorexperiments.mirroring.dev [] [] [get list patch]',
      'mirrorexperiments.mirroring.dev/status [] [] [update]',
      'statefulsets.apps [] [] [get patch]',
    ]);
  });

  test('may take the operator’s Lease, also one that is gone, and no other', async () => {
    const own = ['-n', 'mirror-experiment-system', `--as=${deadMansSwitch}`];
    for (const [verb, name, answer] of [
      ...[['get', 'leases/mirror-experiment', 'yes'] as const, ['update', 'leases/mirror-experiment', 'yes'] as const],
      ...[['create', 'leases', 'yes'] as const, ['get', 'leases/another', 'no'] as const],
      ...[['delete', 'leases/mirror-experiment', 'no'] as const, ['list', 'leases', 'no'] as const],
    ]) {
      expect([verb, name, (await run(['auth', 'can-i', verb, name, ...own])).stdout.trim()]).toEqual([
        verb,
        name,
        answer,
      ]);
    }
  });
});

/** Whether the operator may; kubectl says no with exit code 1, and fails otherwise. */
async function may(verb: string, resource: string): Promise<boolean> {
  const [name = '', subresource] = resource.split('/');
  const flags = subresource === undefined ? [] : [`--subresource=${subresource}`];
  const { stdout, stderr, code } = await run(['auth', 'can-i', verb, name, ...flags, ...asOperator()]);
  const answer = stdout.trim();
  if (!answer.startsWith('no') && answer !== 'yes')
    throw new Error(`can-i ${verb} ${resource}: ${code} ${answer} ${stderr}`);
  return answer === 'yes';
}

describe('a user', () => {
  test.for([
    ['mirror-experiment-view', 'get list watch'],
    ['mirror-experiment-edit', 'create update patch delete deletecollection'],
  ] as const)('with the role %s may do with experiments: %s', async ([role, allowed]) => {
    const user = `user-of-${role}`;
    await succeed(['create', 'rolebinding', role, `--clusterrole=${role}`, `--user=${user}`, '-n', namespace]);
    const canI = async (verb: string, ...flags: string[]) => {
      const args = ['auth', 'can-i', verb, 'mirrorexperiments', '-n', namespace, `--as=${user}`, ...flags];
      return (await run(args)).stdout.trim() === 'yes';
    };
    for (const verb of allowed.split(' ')) await expect.poll(() => canI(verb), { timeout: 10_000 }).toBe(true);
    for (const verb of ['get', 'create', 'delete'].filter((verb) => !allowed.split(' ').includes(verb))) {
      expect(await canI(verb)).toBe(false);
    }
    expect(await canI('patch', '--subresource=status')).toBe(false);
  });
});

describe('the namespace', () => {
  interface PodTemplate {
    metadata: object;
    spec: {
      securityContext: Record<string, unknown>;
      containers: { image?: string; securityContext: Record<string, unknown> }[];
    };
  }
  const template = async (): Promise<PodTemplate> => {
    const get = ['get', 'deployment', 'mirror-experiment', '-n', 'mirror-experiment-system', '-o', 'json'];
    return JSON.parse(await succeed(get)).spec.template;
  };
  const createPod = ({ metadata, spec }: PodTemplate) =>
    run(['create', '-n', 'mirror-experiment-system', '--dry-run=server', '-f', '-'], {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name: 'operator' }, spec },
    });

  test('admits the pods of the CronJob', async () => {
    const get = [
      'get',
      'cronjob',
      'mirror-experiment-dead-mans-switch',
      '-n',
      'mirror-experiment-system',
      '-o',
      'json',
    ];
    const { jobTemplate } = JSON.parse(await succeed(get)).spec;
    expect(await createPod(jobTemplate.spec.template)).toMatchObject({ code: 0, stderr: '' });
    const images = ({ spec }: PodTemplate) => spec.containers.map(({ image }) => image);
    expect(images(jobTemplate.spec.template)).toEqual(images(await template()));
  });

  test('admits the pods of the Deployment', async () => {
    expect(await createPod(await template())).toMatchObject({ code: 0, stderr: '' });
  });

  test.for([
    ['runAsNonRoot', (pod: PodTemplate) => Reflect.deleteProperty(pod.spec.securityContext, 'runAsNonRoot')],
    ['seccompProfile', (pod: PodTemplate) => Reflect.deleteProperty(pod.spec.securityContext, 'seccompProfile')],
    ['allowPrivilegeEscalation', (pod: PodTemplate) => pod.spec.containers.map((c) => (c.securityContext = {}))],
  ] as const)('would not admit them without %s', async ([name, change]) => {
    const pod = await template();
    change(pod);
    const result = await createPod(pod);
    expect(result).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('violates PodSecurity "restricted:latest"'),
    });
    expect(result.stderr).toContain(name);
  });
});
