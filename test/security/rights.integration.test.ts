import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { kubectl } from '../support/kubectl.ts';
import { V3 } from '../support/lab.ts';
import { isComplete, type LiveLab, until } from '../support/liveLab.ts';
import type { OperatorProcess } from '../support/operator.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';
import {
  type Account,
  grantIn,
  type Right,
  type Rule,
  refusal,
  rightsIn,
  rulesOf,
  textOf,
  without,
} from '../support/rights.ts';
import { workloadOfEnvoy } from '../support/workloadOfEnvoy.ts';

// Each right of deploy/, taken away: what needs it does not work any more, and something that a person reads says which right
// is missing. One operator follows the experiments of all namespaces; what it may do otherwise, a Role in each of them says.
let stage: OperatorStage;
let operator: OperatorProcess;
const rules = await rulesOf('clusterrole.yaml', 'mirror-experiment');
const leaseRules = await rulesOf('leaserole.yaml', 'mirror-experiment-lease');
/** Of lists that it follows, which are those of all namespaces: the operator of one namespace shows what they are for. */
const isOfAList = ({ verb, resource }: Right) =>
  verb === 'watch' || (verb === 'list' && resource === 'mirrorexperiments');
const ACCOUNT: Account = { kind: 'ServiceAccount', name: 'mirror-experiment', namespace: 'mirror-experiment-system' };

type Context = Pick<TestContext, 'onTestFinished'>;

beforeAll(async () => {
  stage = await setOperatorStage();

  const follow = { apiGroups: ['mirroring.dev'], resources: ['mirrorexperiments'], verbs: ['list', 'watch'] };
  const metadata = { name: 'mirror-experiment' };
  const input = JSON.stringify({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata,
    rules: [follow],
  });
  expect(await kubectl(stage.server.kubeconfig, ['replace', '-f', '-'], { input })).toMatchObject({ code: 0 });
  operator = await stage.operator();
}, 120_000);
afterAll(() => stage?.stop());

/** A lab in which the operator has these rights. */
async function lab(context: Context, granted: readonly Rule[], needsVerdict: boolean): Promise<LiveLab> {
  const traffic = needsVerdict ? { behaviour: V3 } : { requestsPerSecond: 2 };
  const books = await stage.lab(context, { traffic });
  await grantIn(books, granted, ACCOUNT);
  return books;
}

interface Proof {
  /** Brings an experiment to where the right is needed. */
  readonly run: (books: LiveLab) => Promise<void>;
  /** What a person reads. */
  readonly told: 'status' | 'log' | 'event';
  /** How the experiment ends all the same, if it does. */
  readonly ends?: 'Fail' | 'Inconclusive';
}

/** Time enough for a busy machine. */
const PATIENT = { deadlineSeconds: 150 };
const create = (books: LiveLab) => books.create('candidate', { analysis: PATIENT });
const behind = (kind: 'DaemonSet' | 'StatefulSet') => async (books: LiveLab) => {
  await workloadOfEnvoy(books, kind);
  await books.create('candidate', { envoy: { reload: { workload: { kind, name: 'front' } } } });
};
/** The same again: the second run of an unchanged experiment says what the first has said. */
const twice = async (books: LiveLab) => {
  await create(books);
  await books.complete('candidate', 160);
  const generation = await books.edit('candidate', { spec: { analysis: { deadlineSeconds: 149 } } });
  await books.until('candidate', 'is complete anew', (each) => each.generation === generation && isComplete(each), 160);
};

/** Every right of the ClusterRole but those by which it follows the experiments. */
const PROOFS: Readonly<Record<string, Proof>> = {
  'get mirrorexperiments': { run: create, told: 'log' },
  'patch mirrorexperiments': { run: create, told: 'log' },
  'update mirrorexperiments/status': { run: create, told: 'log' },
  'get configmaps': { run: create, told: 'status' },
  'patch configmaps': { run: create, told: 'status', ends: 'Inconclusive' },
  'create configmaps': { run: create, told: 'event', ends: 'Fail' },
  'get deployments': { run: create, told: 'status' },
  'patch deployments': { run: create, told: 'status', ends: 'Inconclusive' },
  'get daemonsets': { run: behind('DaemonSet'), told: 'status' },
  // What it has switched on, it can switch off by a restart only.
  'patch daemonsets': { run: behind('DaemonSet'), told: 'status' },
  'get statefulsets': { run: behind('StatefulSet'), told: 'status' },
  'patch statefulsets': { run: behind('StatefulSet'), told: 'status' },
  'get services': { run: create, told: 'status' },
  'list pods': { run: create, told: 'status', ends: 'Fail' },
  'create events': { run: create, told: 'log', ends: 'Fail' },
  'get events': { run: twice, told: 'log', ends: 'Fail' },
  'patch events': { run: twice, told: 'log', ends: 'Fail' },
};

const followed = rightsIn(rules).filter(isOfAList);
const others = rightsIn(rules).filter((right) => !isOfAList(right));

test('each right has its proof', () => {
  expect(others.map(textOf).sort()).toEqual(Object.keys(PROOFS).sort());
  expect(followed.map(textOf)).toEqual(expect.arrayContaining(['list mirrorexperiments', 'watch mirrorexperiments']));
});

describe.concurrent('without the right to', { timeout: 400_000 }, () => {
  test.for(others.map((right) => [textOf(right), right] as const))('%s', async ([name, right], context) => {
    const proof = PROOFS[name];
    if (proof === undefined) throw new Error(`no proof of ${name}`);
    const books = await lab(context, without(rules, right), proof.ends === 'Fail');
    const before = await books.targets();
    await proof.run(books);
    const words = refusal(right);
    await until(
      `the ${proof.told} says it`,
      async () => (await told(books, proof.told)).some((text) => words.test(text)),
      150,
      () => JSON.stringify(books.history('candidate').at(-1)?.status ?? 'no status'),
    );
    if (proof.ends === undefined) return;
    context.expect(await books.complete('candidate', 160)).toMatchObject({ verdict: proof.ends });
    context.expect(await books.targets()).toEqual(before);
  });
});

test('without the right to watch what experiments use, the log says which, and they run all the same', {
  timeout: 400_000,
}, async (context) => {
  const books = await lab(context, rules, true);
  await create(books);
  context.expect(await books.complete('candidate', 160)).toMatchObject({ verdict: 'Fail' });
  const lines = operator.log.map((line) => JSON.stringify(line).replaceAll('\\"', '"'));
  for (const resource of ['configmaps', 'services', 'deployments', 'pods']) {
    const words = refusal({ verb: 'watch', resource });
    context.expect(lines.some((line) => words.test(line))).toBe(true);
  }
});

/** Texts of the kind about the lab's experiment so far. */
async function told(books: LiveLab, where: Proof['told']): Promise<readonly string[]> {
  if (where === 'log')
    return operator.log
      .map((line) => JSON.stringify(line).replaceAll('\\"', '"'))
      .filter((line) => line.includes(books.namespace));
  if (where === 'status')
    return books.history('candidate').flatMap(({ status }) => status.conditions?.map(({ message }) => message) ?? []);
  const { stdout } = await books.kubectl(['get', 'events', '-o', 'jsonpath={.items[*].message}']);
  return [stdout];
}

describe('an operator of one namespace', { timeout: 400_000 }, () => {
  const own = (books: LiveLab): Account => ({ ...ACCOUNT, name: 'alone', namespace: books.namespace });
  async function alone(context: Context, granted: readonly Rule[]) {
    const books = await stage.lab(context, { traffic: { behaviour: V3 } });
    await books.add({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'alone' } });
    await grantIn(books, granted, own(books));
    const process = await stage.operator({
      serviceAccount: own(books),
      settings: {
        WATCH_NAMESPACE: books.namespace,
        LEADER_ELECTION: 'true',
        LEASE_SECONDS: '4',
        RENEW_DEADLINE_SECONDS: '3',
        RETRY_SECONDS: '1',
      },
    });
    context.onTestFinished(() => process.kill());
    const says = (words: RegExp) => process.log.some((line) => words.test(JSON.stringify(line).replaceAll('\\"', '"')));
    return { books, process, says };
  }
  const both = [...rules, ...leaseRules];

  test('needs no more than the rules of the two Roles in it, and then nothing is refused', async (context) => {
    const { books, process, says } = await alone(context, both);
    const before = await books.targets();
    await create(books);
    expect(await books.complete('candidate', 160)).toMatchObject({ verdict: 'Fail', evidence: 'candidate-evidence' });
    expect(await books.targets()).toEqual(before);
    expect(says(/forbidden|cannot \w+ resource/)).toBe(false);
    expect((await process.terminate()).code).toBe(0);
  });

  test.for([...followed, ...rightsIn(leaseRules)].map((right) => [textOf(right), right] as const))(
    'says that it lacks %s',
    async ([, right], context) => {
      const { books, says } = await alone(context, without(both, right));
      const before = await books.targets();
      // It follows workloads of a kind when an experiment has one.
      if (right.resource === 'daemonsets') await behind('DaemonSet')(books);
      else if (right.resource === 'statefulsets') await behind('StatefulSet')(books);
      else await books.create('candidate');
      await until('the log says it', async () => says(refusal(right)), 60);
      // Without a watch it lists again and again; a Lease that it has made but cannot renew, it has for a while.
      if (!['watch', 'update'].includes(right.verb)) expect(await books.targets()).toEqual(before);
    },
  );
});
