import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { binaries } from '../../tools/binaries.ts';
import { type ApiServer, startApiServer } from '../support/apiServer.ts';
import { type KubectlResult, kubectl } from '../support/kubectl.ts';
import { configMap, deployment } from '../support/labObjects.ts';
import { type CodeBlock, codeBlocks, documents, ROOT, readDocument } from './documents.ts';

const shellBlocks = documents()
  .flatMap(codeBlocks)
  .filter(({ language }) => language === 'sh');

let server: ApiServer;
let directory: string;
const run = (args: readonly string[], input?: string): Promise<KubectlResult> =>
  kubectl(server.kubeconfig, args, { timeout: 60_000, ...(input !== undefined && { input }) });

async function succeed(args: readonly string[], input?: string): Promise<string> {
  const result = await run(args, input);
  expect(result).toMatchObject({ code: 0 });
  return result.stdout;
}

// A server of its own, because the documents install the operator; and a checkout whose experiment.yaml is the lab's.
beforeAll(async () => {
  [server, directory] = await Promise.all([
    startApiServer({ crds: false }),
    mkdtemp(join(tmpdir(), 'mirror-experiment-docs-')),
  ]);
  for (const name of ['crds', 'deploy', 'examples']) await symlink(join(ROOT, name), join(directory, name));
  await cp(join(ROOT, 'examples', 'lab.yaml'), join(directory, 'experiment.yaml'));
  const main = join(ROOT, 'src', 'cli', 'main.ts');
  await mkdir(join(directory, 'bin'));
  await writeFile(join(directory, 'bin', 'kubectl-mirror'), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`, {
    mode: 0o755,
  });
  await succeed(['create', 'namespace', 'bookstore']);
  const items = [
    configMap('default-sidecar'),
    ...['bookinfo-spa', 'bookservicemirror'].map((name) => deployment(name, 'example/image:1')),
  ];
  await succeed(['create', '-n', 'bookstore', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  await succeed(['apply', '-k', join(ROOT, 'deploy')]);
  await succeed(['wait', '--for=condition=Established', 'crd/mirrorexperiments.mirroring.dev', '--timeout=30s']);
  await succeed(['apply', '-f', join(directory, 'experiment.yaml')]);
  // What a replica makes when it starts.
  const lease = { metadata: { name: 'mirror-experiment', namespace: 'mirror-experiment-system' } };
  const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', ...lease, spec: {} };
  await succeed(['create', '-f', '-'], JSON.stringify(body));
});
afterAll(async () => {
  await server?.stop();
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
});

type State = readonly [type: string, status: string];

async function writeStatus(verdict: string, conditions: readonly State[], observedGeneration = 1): Promise<void> {
  const common = { reason: 'Finished', message: 'x', lastTransitionTime: '2026-01-01T00:00:00Z', observedGeneration };
  const status = {
    verdict,
    summary: 'x',
    conditions: conditions.map(([type, each]) => ({ type, status: each, ...common })),
  };
  await patchStatus(status);
}

function patchStatus(status: unknown): Promise<string> {
  const patch = JSON.stringify({ status });
  return succeed([
    'patch',
    'mexp/bookservice-v3',
    '-n',
    'bookstore',
    '--subresource=status',
    '--type=merge',
    '-p',
    patch,
  ]);
}

/** Runs a block as a shell does, in the directory with the experiment, with the real kubectl. */
function shell(code: string): Promise<{ code: number; output: string }> {
  const env = {
    ...process.env,
    KUBECONFIG: server.kubeconfig,
    KUBECACHEDIR: `${server.kubeconfig}.cache`,
    // kubectl finds its plugin there.
    PATH: `${directory}/bin:${dirname(binaries().kubectl)}:${process.env.PATH}`,
  };
  return new Promise((resolve) => {
    execFile('bash', ['-euc', code], { cwd: directory, env, timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), output: stdout + stderr });
    });
  });
}

/** Commands of a block, continued lines joined, comments left out. */
function commands({ code }: CodeBlock): string[] {
  return code
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** What cannot run here: there are no pods to log, no Azure, and no operator that would run an experiment or leave its evidence (test/cli has). */
const OUT_OF_REACH = /^(az|kubectl logs|kubectl mirror run|kubectl mirror report) /;
const where = ({ path, line }: CodeBlock) => `${path}:${line}`;
const runnable = shellBlocks.filter((block) =>
  commands(block).every((each) => /^kubectl (?!logs|mirror run|mirror report)/.test(each)),
);
const deleting = (block: CodeBlock) => block.code.includes('kubectl delete');

describe('the shell commands of the documents', () => {
  test('are npm scripts, commands that run here, or out of reach', async () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(
      await readFile(join(ROOT, 'package.json'), 'utf8'),
    );
    for (const block of shellBlocks.filter((each) => !runnable.includes(each))) {
      // test/deploy/helm.integration.test.ts runs these.
      for (const command of block.code.includes('helm ') ? [] : commands(block)) {
        const script = /^npm (?:run )?([\w:]+)/.exec(command)?.[1];
        if (script !== undefined) expect(Object.keys(scripts), where(block)).toContain(script);
        else expect(command, where(block)).toMatch(OUT_OF_REACH);
      }
      expect(await shell(`bash -n <<'DOCUMENT'\n${block.code}\nDOCUMENT`), where(block)).toMatchObject({ code: 0 });
    }
    expect(runnable.length).toBeGreaterThan(5);
  });

  test('npm scripts that the text names exist', async () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(
      await readFile(join(ROOT, 'package.json'), 'utf8'),
    );
    const named = documents().flatMap(({ text }) =>
      [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name),
    );
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  test.for(runnable.filter((each) => !deleting(each)).map((block) => [where(block), block] as const))(
    'run: %s',
    async ([, block]) => {
      await writeStatus('Pass', [
        ['Complete', 'True'],
        ['Passed', 'True'],
      ]);
      await finishRollout();
      expect(await shell(block.code)).toMatchObject({ code: 0 });
    },
  );
});

/** What the Deployment controller would say. */
async function finishRollout(): Promise<void> {
  const name = ['deployment/mirror-experiment', '-n', 'mirror-experiment-system'];
  const { metadata, spec } = JSON.parse(await succeed(['get', ...name, '-o', 'json']));
  // One ahead of what is there, because a block may change the Deployment before it waits.
  const observedGeneration = Number(metadata.generation) + 1;
  const { replicas } = spec;
  const counts = { replicas, updatedReplicas: replicas, availableReplicas: replicas, readyReplicas: replicas };
  const status = { observedGeneration, ...counts };
  await succeed(['patch', ...name, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status })]);
}

describe('the gate', () => {
  const gate =
    codeBlocks(readDocument('docs/gate-ci.md')).find(({ code }) => code.includes('kubectl wait'))?.code ?? '';

  test('is the same in the README', () => {
    const inReadme = codeBlocks(readDocument('README.md')).filter(({ language }) => language === 'sh');
    expect(inReadme.map(({ code }) => code)).toContain(gate);
  });

  test.for([
    ['Pass', 'True', 0],
    ['Fail', 'False', 1],
    ['Inconclusive', 'False', 1],
  ] as const)('on %s exits as it should, at once', async ([verdict, passed, code]) => {
    await writeStatus(verdict, [
      ['Complete', 'True'],
      ['Passed', passed],
    ]);
    expect(await shell(gate)).toMatchObject({ code });
  });

  test('waits while the experiment runs, and does not take the verdict of an earlier spec', async () => {
    const soon = gate.replace('--timeout=75m', '--timeout=1s');
    expect(soon).not.toBe(gate);
    await writeStatus('Pass', [
      ['Complete', 'False'],
      ['Passed', 'Unknown'],
    ]);
    expect(await shell(soon)).toMatchObject({ code: 1, output: expect.stringContaining('timed out') });
    const finished: State[] = [
      ['Complete', 'True'],
      ['Passed', 'True'],
    ];
    await writeStatus('Pass', finished, 0);
    expect(await shell(soon)).toMatchObject({ code: 1, output: expect.stringContaining('timed out') });
    // What the page warns of: this one does take it.
    const byPath = "kubectl wait --for=jsonpath='{.status.verdict}'=Pass mexp/bookservice-v3 -n bookstore --timeout=1s";
    expect(await shell(byPath)).toMatchObject({ code: 0 });
  });

  test('on Passed alone would wait for its timeout after a Fail', async () => {
    await writeStatus('Fail', [
      ['Complete', 'True'],
      ['Passed', 'False'],
    ]);
    const alone = 'kubectl wait --for=condition=Passed mexp/bookservice-v3 -n bookstore --timeout=1s';
    expect(await shell(alone)).toMatchObject({ code: 1, output: expect.stringContaining('timed out') });
  });
});

describe('what the documents show', () => {
  test('has the columns of kubectl get', async () => {
    const header = (await succeed(['get', 'mirrorexperiments', '-n', 'bookstore'])).split('\n')[0] ?? '';
    const shown = readDocument('README.md')
      .text.split('\n')
      .find((line) => line.startsWith('NAME '));
    expect(shown?.trim().split(/ {2,}/)).toEqual(header.trim().split(/ {2,}/));
  });

  test('is a status that the API server keeps as it is', async () => {
    const shown = codeBlocks(readDocument('docs/read-the-result.md')).find(({ code }) => /^verdict: /m.test(code));
    const status: unknown = parse(shown?.code ?? '');
    await patchStatus(status);
    const kept: unknown = JSON.parse(await succeed(['get', 'mexp', 'bookservice-v3', '-n', 'bookstore', '-o', 'json']));
    expect(kept).toMatchObject({ status });
  });
});

test('the example overlay sets image, identity and sources, and nothing else', async () => {
  const built = async (path: string) => (await succeed(['kustomize', join(ROOT, path)])).split('\n');
  const [plain, overlay] = [await built('deploy'), await built('examples/install')];
  expect(overlay.filter((line) => !plain.includes(line)).map((line) => line.trim())).toEqual([
    'annotations:',
    'azure.workload.identity/client-id: 00000000-0000-0000-0000-000000000000',
    'azure.workload.identity/use: "true"',
    `value: '{"bookstore": ["00000000-0000-0000-0000-000000000000"]}'`,
    // The operator's and the dead man's switch's.
    'image: registry.example.com/platform/mirror-experiment:0.1.0',
    'image: registry.example.com/platform/mirror-experiment:0.1.0',
  ]);
  expect(plain.filter((line) => !overlay.includes(line))).toHaveLength(3);
});

test.for(runnable.filter(deleting).map((block) => [where(block), block] as const))(
  'uninstalling takes everything away: %s',
  async ([, block]) => {
    const [result] = await Promise.all([shell(block.code), letNamespaceGo('mirror-experiment-system')]);
    expect(result).toMatchObject({ code: 0 });
    expect((await run(['get', 'crd', '-o', 'name'])).stdout).not.toContain('mirroring.dev');
    expect((await run(['get', 'clusterroles', '-o', 'name'])).stdout).not.toContain('mirror-experiment');
  },
);

/** What the namespace controller does with a namespace that is deleted, once it is empty. */
async function letNamespaceGo(name: string): Promise<void> {
  const read = async () => JSON.parse(await succeed(['get', 'namespace', name, '-o', 'json']));
  await expect.poll(read, { timeout: 20_000 }).toMatchObject({ status: { phase: 'Terminating' } });
  const finalized = JSON.stringify({ ...(await read()), spec: { finalizers: [] } });
  await succeed(['replace', '--raw', `/api/v1/namespaces/${name}/finalize`, '-f', '-'], finalized);
}
