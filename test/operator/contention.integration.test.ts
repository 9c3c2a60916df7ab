import { afterAll, beforeAll, describe, test } from 'vitest';
import { parse } from 'yaml';
import { kubectl } from '../support/kubectl.ts';
import { SIDECAR } from '../support/lab.ts';
import { configMap, deployment } from '../support/labObjects.ts';
import { conditionOf, type LiveLab } from '../support/liveLab.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';

let stage: OperatorStage;

beforeAll(async () => {
  stage = await setOperatorStage();
  await stage.operator();
});
afterAll(() => stage?.stop());

const reasonOf = (status: Parameters<typeof conditionOf>[0]) => conditionOf(status, 'Passed')?.reason;

const SERVER_SIDE = ['--server-side', '--force-conflicts', '--field-manager=argocd-controller'];
const CHANGED = SIDECAR.replace('timeout: 15s', 'timeout: 16s');
const candidate = (image: string) => deployment('bookservicemirror', image, [{ name: 'LOG', value: 'warn' }]);

/** What is applied, how, whom the condition names and what it says of the object, what to paste, and what stays. */
const OTHERS: readonly {
  what: string;
  manifest: object;
  how: readonly string[];
  told: RegExp;
  pasted: (message: string) => unknown;
  expected: unknown;
  stays: readonly [kind: string, name: string, text: string];
}[] = [
  {
    what: 'a server-side apply of the ConfigMap as it was, by Argo CD’s manager',
    manifest: configMap('default-sidecar'),
    how: SERVER_SIDE,
    told: /^ConfigMap default-sidecar was (changed|reverted) by field manager "argocd-controller"/,
    pasted: (message) => parse(message.slice(message.indexOf('{'))).spec.ignoreDifferences[0],
    expected: {
      kind: 'ConfigMap',
      name: 'default-sidecar',
      jsonPointers: ['/data/envoy.yaml', '/metadata/annotations/mirroring.dev~1journal'],
    },
    stays: ['ConfigMap', 'default-sidecar', 'timeout: 15s'],
  },
  {
    what: 'a client-side apply of the ConfigMap with a change',
    manifest: configMap('default-sidecar', { 'envoy.yaml': CHANGED }),
    how: [],
    told: /^ConfigMap default-sidecar was changed by field manager "kubectl-client-side-apply" \(envoy.yaml\)/,
    pasted: (message) => message.slice(message.indexOf('; ') + 2),
    expected:
      'do not apply, edit or upgrade ConfigMap default-sidecar, Deployment bookinfo-spa and Deployment bookservicemirror while an experiment runs',
    stays: ['ConfigMap', 'default-sidecar', 'timeout: 16s'],
  },
  {
    what: 'a server-side apply of the Deployment with its own image, by Argo CD’s manager',
    manifest: candidate('readymirroring/bookservice:v1'),
    how: SERVER_SIDE,
    told: /^Deployment bookservicemirror was changed by field manager "argocd-controller" \(image .*bookservice:v2 → .*bookservice:v1/,
    pasted: (message) => parse(message.slice(message.indexOf('{'))).spec.ignoreDifferences[0].jqPathExpressions,
    expected: ['.spec.template.spec.containers[] | select(.name == "bookservicemirror") | .image'],
    stays: ['Deployment', 'bookservicemirror', 'readymirroring/bookservice:v1'],
  },
];

describe.concurrent('somebody else who applies a patched object', { timeout: 240_000 }, () => {
  test.for(OTHERS)('$what: is named, told what to paste, and kept', async (other, context) => {
    const { expect } = context;
    const books = await analysed(context);
    await apply(books, other.manifest, other.how);
    const status = await books.complete('candidate');
    expect(status.verdict).toBe('Inconclusive');
    const passed = conditionOf(status, 'Passed');
    expect(passed).toMatchObject({ status: 'False', reason: 'TargetChanged' });
    expect(passed?.message).toMatch(other.told);
    expect(other.pasted(passed?.message ?? '')).toEqual(other.expected);
    const [kind, name, text] = other.stays;
    expect(JSON.stringify(await books.read(kind, name))).toContain(text);
    expect(await books.config()).not.toContain('request_mirror_policies');

    // No write loop: each object was patched once, and restored once.
    expect(await patches(books)).toEqual(['configmaps 2', 'deployments 4']);
  });

  test('a server-side apply of another key and of a label is none of ours', async (context) => {
    const { expect } = context;
    const books = await analysed(context, 20, { minDurationSeconds: 15, deadlineSeconds: 150 });
    const { apiVersion, kind } = configMap('default-sidecar');
    const metadata = { name: 'default-sidecar', labels: { synced: 'yes' } };
    await apply(books, { apiVersion, kind, metadata, data: { other: 'new' } }, SERVER_SIDE);
    const status = await books.complete('candidate', 170);
    expect(conditionOf(status, 'Passed')?.reason).not.toBe('TargetChanged');
    expect(status.verdict, status.summary).toBe('Pass');
    expect(await books.config('other')).toBe('new');
    expect(await books.config()).toBe(SIDECAR);
    expect((await books.read('ConfigMap', 'default-sidecar')).metadata).toMatchObject({ labels: { synced: 'yes' } });
    expect(await patches(books)).toEqual(['configmaps 2', 'deployments 4']);
  });
});

/** A lab whose experiment is being analysed. */
async function analysed(
  context: Parameters<OperatorStage['lab']>[0],
  requestsPerSecond = 4,
  analysis: object = {},
): Promise<LiveLab> {
  const books = await stage.lab(context, { traffic: { requestsPerSecond } });
  const containers = [{ name: 'bookservicemirror', image: 'readymirroring/bookservice:v2' }];
  await books.create('candidate', { deployment: { containers }, analysis });
  await books.until('candidate', 'is analysed', ({ status }) => reasonOf(status) === 'Analysing');
  return books;
}

async function apply(books: LiveLab, manifest: object, how: readonly string[]): Promise<void> {
  const args = ['-n', books.namespace, 'apply', ...how, '-f', '-'];
  const result = await kubectl(stage.server.kubeconfig, args, { timeout: 30_000, input: JSON.stringify(manifest) });
  if (result.code !== 0) throw new Error(result.stderr);
}

/** How often the operator has written to the objects of the lab, by resource. */
async function patches(books: LiveLab): Promise<readonly string[]> {
  const written = (await stage.requests()).filter(
    ({ verb, objectRef, responseStatus }) =>
      verb === 'patch' && objectRef?.namespace === books.namespace && responseStatus.code < 300,
  );
  return ['configmaps', 'deployments'].map((resource) => {
    return `${resource} ${written.filter(({ objectRef }) => objectRef?.resource === resource).length}`;
  });
}
