import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { startSwitch } from '../support/deadMansSwitch.ts';
import { kubectl } from '../support/kubectl.ts';
import { conditionOf, type LiveLab, until } from '../support/liveLab.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';
import { type Account, grantIn, type Right, refusal, rightsIn, rulesOf, textOf, without } from '../support/rights.ts';
import { workloadOfEnvoy } from '../support/workloadOfEnvoy.ts';

// Each right of the dead man's switch, taken away: what it leaves undone, it says, with the right that is missing; with the
// rights, the next run does it. An operator that is gone has left a run in each lab.
const rules = [
  ...(await rulesOf('deadmansswitch.yaml', 'mirror-experiment-dead-mans-switch')),
  ...(await rulesOf('deadmansswitch.yaml', 'mirror-experiment-dead-mans-switch-lease')),
];
const SWITCH: Account = {
  kind: 'ServiceAccount',
  namespace: 'mirror-experiment-system',
  name: 'mirror-experiment-dead-mans-switch',
};

let stage: OperatorStage;
beforeAll(async () => {
  stage = await setOperatorStage();
  // What it may do, a Role in each lab says.
  const unbound = ['delete', 'clusterrolebinding', SWITCH.name];
  expect(await kubectl(stage.server.kubeconfig, unbound)).toMatchObject({ code: 0 });
}, 90_000);
afterAll(() => stage?.stop());

interface Left {
  readonly books: LiveLab;
  readonly before: readonly object[];
}

/** A lab whose experiment mirrors, and whose operator is gone. */
async function left(context: TestContext, kind?: 'DaemonSet' | 'StatefulSet'): Promise<Left> {
  const books = await stage.lab(context, { traffic: { requestsPerSecond: 2 } });
  if (kind !== undefined) await workloadOfEnvoy(books, kind);
  const before = await books.targets();
  const operator = await stage.operator({ settings: { WATCH_NAMESPACE: books.namespace } });
  const envoy = kind === undefined ? {} : { reload: { workload: { kind, name: 'front' } } };
  await books.create('candidate', { envoy, analysis: { deadlineSeconds: 600, minDurationSeconds: 300 } });
  await books.until('candidate', 'mirrors', ({ status }) => conditionOf(status, 'Mirroring')?.status === 'True', 90);
  await operator.kill();
  await grantIn(books, rules, SWITCH);
  return { books, before };
}

/** A run of the switch for the lab, by the lab's own Lease, with all rights but one; until it has ended, or has said `words`. */
async function run({ books }: Left, missing?: Right, words?: RegExp) {
  const granted = missing === undefined ? rules : without(rules, missing);
  await books.patch('Role', SWITCH.name, { rules: granted });
  const as = `--as=system:serviceaccount:${SWITCH.namespace}:${SWITCH.name}`;
  const may = async ({ verb, resource }: Right) => {
    const [name = '', subresource] = resource.split('/');
    const object = name === 'leases' && verb !== 'create' ? 'leases/mirror-experiment' : name;
    const flags = subresource === undefined ? [] : [`--subresource=${subresource}`];
    return (await books.kubectl(['auth', 'can-i', verb, object, ...flags, as])).stdout.trim();
  };
  // The authorizer follows with a little delay.
  const changed = rightsIn(rules).filter((each) => asked.has(textOf(each)) || each === missing);
  for (const each of changed) {
    const isMissing = missing !== undefined && textOf(each) === textOf(missing);
    await until(`${textOf(each)} is in force`, async () => (await may(each)) === (isMissing ? 'no' : 'yes'));
  }
  if (missing !== undefined) asked.add(textOf(missing));
  const process = await startSwitch(stage, {
    ...{ WATCH_NAMESPACE: books.namespace, LEASE_NAMESPACE: books.namespace, DEAD_MANS_SWITCH_SECONDS: '4' },
    ...{ LEASE_SECONDS: '3', RENEW_DEADLINE_SECONDS: '2', RETRY_SECONDS: '0.4' },
  });
  const log = () =>
    [...process.log.map((line) => JSON.stringify(line).replaceAll('\\"', '"')), process.errors()].join('\n');
  let code: number | null | undefined;
  void process.ended.then((end) => {
    code = end.code;
  });
  await until('the switch says it or ends', async () => code !== undefined || words?.test(log()) === true, 60);
  // What is refused it would try again for minutes.
  if (code === undefined) process.terminate();
  await process.ended;
  return { code, log: log() };
}

/** Rights that have been taken away once, and so have to be given back. */
const asked = new Set<string>();
const proven = new Set<string>();

async function proves(of: Left, right: Right): Promise<void> {
  const { code, log } = await run(of, right, refusal(right));
  expect(log).toMatch(refusal(right));
  expect([textOf(right), code]).not.toEqual([textOf(right), 0]);
  proven.add(textOf(right));
}

async function endsWell({ books, before }: Left): Promise<void> {
  expect(await books.complete('candidate', 5)).toMatchObject({ verdict: 'Inconclusive' });
  expect(await books.targets()).toEqual(before);
  const { stdout } = await books.kubectl(['get', 'mexp', 'candidate', '-o', 'jsonpath={.metadata.finalizers}']);
  expect(stdout).toBe('');
}

const right = (verb: string, resource: string): Right => ({ verb, resource });

/** One that nobody renews. */
const LEASE = { holderIdentity: 'gone', leaseDurationSeconds: 3, renewTime: '2026-01-01T00:00:00.000000Z' };
describe.concurrent('the dead man’s switch, of whose rights one is missing', { timeout: 280_000 }, () => {
  test('says which: those to find runs, to take the Lease, to restore a Deployment and to end an experiment', async (context) => {
    const of = await left(context);
    await proves(of, right('list', 'mirrorexperiments'));
    await proves(of, right('get', 'leases'));
    await proves(of, right('create', 'leases'));
    await of.books.add({
      ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'mirror-experiment' } },
      spec: LEASE,
    });
    await proves(of, right('update', 'leases'));
    await proves(of, right('update', 'mirrorexperiments/status'));
    await proves(of, right('get', 'configmaps'));
    await proves(of, right('get', 'deployments'));
    await proves(of, right('patch', 'configmaps'));
    await proves(of, right('patch', 'deployments'));
    await proves(of, right('get', 'mirrorexperiments'));
    await proves(of, right('patch', 'mirrorexperiments'));
    // All is restored; that its finalizer is still there matters when it is deleted.
    expect(await of.books.targets()).toEqual(of.before);
    await of.books.delete('candidate');
    expect((await run(of)).code).toBe(0);
    await of.books.gone('candidate');
  });

  test('says which: those to restart a DaemonSet', async (context) => {
    const of = await left(context, 'DaemonSet');
    await proves(of, right('get', 'daemonsets'));
    await proves(of, right('patch', 'daemonsets'));
    expect((await run(of)).code).toBe(0);
    await endsWell(of);
  });

  test('says which: those to restart a StatefulSet; an Event that cannot be recorded keeps nothing back', async (context) => {
    const of = await left(context, 'StatefulSet');
    await proves(of, right('get', 'statefulsets'));
    await proves(of, right('patch', 'statefulsets'));
    const { books } = of;
    const { status } = books.history('candidate').at(-1) ?? {};
    await books.patch('Lease', 'mirror-experiment', { spec: LEASE });
    // The same end again is told in the same words: first it is not told, then told, then counted.
    for (const verb of ['create', '', 'get', 'patch']) {
      const event = verb === '' ? undefined : right(verb, 'events');
      const { code, log } = await run(of, event);
      expect(code).toBe(0);
      if (event !== undefined) {
        expect(log).toMatch(refusal(event));
        proven.add(textOf(event));
      }
      await endsWell(of);
      await books.patch('Lease', 'mirror-experiment', { spec: LEASE });
      const begun = JSON.stringify([{ op: 'replace', path: '/status', value: status }]);
      await books.kubectl(['patch', 'mexp', 'candidate', '--subresource=status', '--type=json', '-p', begun]);
    }
  });
});

test('the dead man’s switch has no right that is not needed', () => {
  expect([...proven].sort()).toEqual(rightsIn(rules).map(textOf).sort());
});
