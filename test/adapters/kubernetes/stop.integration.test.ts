import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { testCluster, testNamespace } from '../../support/apiServer.ts';
import { experiment } from '../../support/experiments.ts';
import { connectTo } from '../../support/kubernetes.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcpProxy.ts';

const program = fileURLToPath(new URL('../../support/operatorProcess.ts', import.meta.url));
let proxy: TcpProxy;
let kubeconfig: string;
let key: string;

beforeEach(async () => {
  proxy = await startTcpProxy(Number(new URL(testCluster().server).port));
  const namespace = await testNamespace();
  const { api, kubeConfig } = connectTo(testCluster().kubeconfig, { port: proxy.port });
  const path = `/apis/mirroring.dev/v1alpha1/namespaces/${namespace}/mirrorexperiments`;
  await api.request({ method: 'POST', path, body: experiment('one') });
  api.close();
  key = `${namespace}/one`;
  kubeconfig = `${testCluster().kubeconfig}.${namespace}`;
  await writeFile(kubeconfig, kubeConfig.exportConfig(), { mode: 0o600 });
});

afterEach(() => proxy.close());

async function startOperator(): Promise<{ child: ChildProcess; said: (text: string | RegExp) => Promise<void> }> {
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, KUBECONFIG: kubeconfig },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  const said = async (text: string | RegExp) => {
    while (!output.match(text)) await once(child.stdout, 'data');
  };
  return { child, said };
}

/** Sends SIGTERM and returns how the process ended. Only the test's own time limit kills it. */
async function terminate(child: ChildProcess): Promise<{ code: unknown; seconds: number }> {
  const begin = performance.now();
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const [code] = await exited;
  return { code, seconds: (performance.now() - begin) / 1000 };
}

// A watch lasts 25 s, a request may take 15 s: a process that ends before that has been let go, not been timed out.
const bound = 5;

it('ends by itself while it watches', async () => {
  const { child, said } = await startOperator();
  await said(`changed ${key}`);
  const { code, seconds } = await terminate(child);
  expect(code).toBe(0);
  expect(seconds).toBeLessThan(bound);
});

it('ends by itself while the connection is silent', async () => {
  const { child, said } = await startOperator();
  await said(`changed ${key}`);
  proxy.freeze();
  const { code, seconds } = await terminate(child);
  expect(code).toBe(0);
  expect(seconds).toBeLessThan(bound);
});

it('ends by itself while it waits for the answer to its first list', async () => {
  proxy.freeze();
  const { child, said } = await startOperator();
  await said('started');
  const { code, seconds } = await terminate(child);
  expect(code).toBe(0);
  expect(seconds).toBeLessThan(bound);
});

it('ends by itself while it waits to try again', async () => {
  await proxy.refuse();
  const { child, said } = await startOperator();
  await said(/ECONNREFUSED/);
  const { code, seconds } = await terminate(child);
  expect(code).toBe(0);
  expect(seconds).toBeLessThan(bound);
});
