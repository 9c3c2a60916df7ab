import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mirror-experiment-signals-'));
  const cluster = { name: 'none', cluster: { server: 'http://127.0.0.1:1' } };
  const context = { name: 'none', context: { cluster: 'none', user: 'none' } };
  const users = [{ name: 'none', user: {} }];
  const config = { clusters: [cluster], contexts: [context], users, 'current-context': 'none' };
  await writeFile(join(directory, 'kubeconfig'), JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config }));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Sends the signal as soon as the module is asked for, which is before it and what it imports are loaded. */
const atImportOf = (module: string, signal: string) => `
  import { registerHooks } from 'node:module';
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === '${module}') process.kill(process.pid, '${signal}');
      return next(specifier, context);
    },
  });`;

// Otherwise a pod that is deleted while it starts would lead until it is killed, after its grace period.
test.for(['SIGTERM', 'SIGINT'])(
  '%s while the modules are loaded ends the operator with exit code 0',
  async (signal) => {
    const hook = `data:text/javascript,${encodeURIComponent(atImportOf('./composition.ts', signal))}`;
    const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
    const env = {
      ...{ PATH: process.env.PATH, KUBECONFIG: join(directory, 'kubeconfig') },
      ...{ HEALTH_ADDRESS: '127.0.0.1', HEALTH_PORT: '0', METRICS_PORT: '0', POD_NAMESPACE: 'none' },
    };
    const ended = await new Promise((resolve) => {
      execFile(process.execPath, ['--import', hook, main], { env, timeout: 30_000 }, (error, output) => {
        resolve({
          code: error?.code ?? (error === null ? 0 : undefined),
          killedBy: error?.signal ?? undefined,
          output,
        });
      });
    });
    expect(ended).toEqual({ code: 0, killedBy: undefined, output: expect.stringContaining(`"signal":"${signal}"`) });
  },
);
