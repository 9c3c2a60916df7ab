import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { recordAt, recordsAt, stringAt } from '../../src/core/kubernetes/fields.ts';
import { codeBlocks, ROOT, readDocument } from '../docs/documents.ts';
import { testCluster } from '../support/apiServer.ts';
import { kubectl } from '../support/kubectl.ts';

type Manifest = Record<string, unknown>;

async function built(directory: string): Promise<readonly Manifest[]> {
  const { code, stdout, stderr } = await kubectl(testCluster().kubeconfig, ['kustomize', directory]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return parseAllDocuments(stdout).map((each): Manifest => each.toJS());
}

/** An overlay of deploy/ with what a page says. */
async function withPatches(patches: unknown): Promise<readonly Manifest[]> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'overlay-')));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const kind = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' };
  const resources = [relative(directory, join(await realpath(ROOT), 'deploy'))];
  await writeFile(join(directory, 'kustomization.yaml'), stringify({ ...kind, resources, patches }));
  return built(directory);
}

/** The patches that a page of the documents shows, by a word in them. */
function shown(word: string): unknown {
  const found = codeBlocks(readDocument('docs/install.md')).filter(
    ({ language, code }) => language === 'yaml' && code.includes(word),
  );
  expect(found).toHaveLength(1);
  return parse(found[0]?.code ?? '').patches;
}

const nameOf = (object: Manifest): string => `${object.kind} ${stringAt(recordAt(object, 'metadata'), 'name')}`;

test('the installation for one namespace has nothing outside of it, and both programs look at no other', async () => {
  const all = await built(join(ROOT, 'deploy', 'overlays', 'single-namespace'));
  expect(all.map((each) => stringAt(recordAt(each, 'metadata'), 'namespace'))).toEqual(all.map(() => 'bookstore'));
  const kinds = new Set(all.map(({ kind }) => kind));
  expect([...kinds].filter((kind) => /^(Cluster|Namespace$|Custom|Validating)/.test(String(kind)))).toEqual([]);
  for (const binding of all.filter(({ kind }) => kind === 'RoleBinding')) {
    expect(recordAt(binding, 'roleRef')?.kind).toBe('Role');
    expect(recordsAt(binding, 'subjects').map(({ namespace }) => namespace)).toEqual(['bookstore']);
  }
  const watching = all.filter((each) => {
    const variables = JSON.stringify(each).match(
      /\{"name":"WATCH_NAMESPACE","valueFrom":\{"fieldRef":\{"fieldPath":"metadata.namespace"\}\}\}/g,
    );
    return variables?.length === 1;
  });
  expect(watching.map(({ kind }) => kind).sort()).toEqual(['CronJob', 'Deployment']);
});

test('the overlay that the documents show does without the dead man’s switch, and takes nothing else away', async () => {
  const [all, fewer] = await Promise.all([built(join(ROOT, 'deploy')), withPatches(shown('dead-mans-switch'))]);
  const left = all.map(nameOf).filter((name) => !name.includes('dead-mans-switch'));
  expect(fewer.map(nameOf)).toEqual(left);
  expect(left.length).toBeLessThan(all.length);
});

test('the overlay that the documents show lets both programs out to another port', async () => {
  const policies = (await withPatches(shown('NetworkPolicy'))).filter(({ kind }) => kind === 'NetworkPolicy');
  expect(policies).toHaveLength(2);
  for (const policy of policies) {
    const ports = recordsAt(recordAt(policy, 'spec'), 'egress').flatMap((rule) => recordsAt(rule, 'ports'));
    expect(ports.map(({ port }) => port)).toEqual([53, 53, 443, 6443, 8443, 16_443]);
  }
});
