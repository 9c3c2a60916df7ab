import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

/** Tells on standard error which packages are asked for; ends the operator as soon as it is put together. */
const HOOK = `
  import { registerHooks } from 'node:module';
  registerHooks({
    resolve(specifier, context, next) {
      if (/^@(opentelemetry|prometheus-io)\\//.test(specifier)) process.stderr.write('asked for ' + specifier + '\\n');
      if (specifier === './composition.ts') process.kill(process.pid, 'SIGTERM');
      return next(specifier, context);
    },
  });`;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'observability-'));
  const cluster = { name: 'none', cluster: { server: 'https://127.0.0.1:1' } };
  const context = { name: 'none', context: { cluster: 'none', user: 'none' } };
  const users = [{ name: 'none', user: {} }];
  const config = { clusters: [cluster], contexts: [context], users, 'current-context': 'none' };
  await writeFile(join(directory, 'kubeconfig'), JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config }));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Starts and ends the operator: its exit code, how long the end took, and what it wrote to standard error. */
function run(
  environment: Readonly<Record<string, string>>,
): Promise<{ code: unknown; errors: string; seconds: number }> {
  const hook = `data:text/javascript,${encodeURIComponent(HOOK)}`;
  const env = {
    ...{ PATH: process.env.PATH, KUBECONFIG: join(directory, 'kubeconfig'), POD_NAMESPACE: 'none' },
    ...{
      HEALTH_ADDRESS: '127.0.0.1',
      HEALTH_PORT: '0',
      METRICS_ADDRESS: '127.0.0.1',
      METRICS_PORT: '0',
      ...environment,
    },
  };
  const start = performance.now();
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', hook, MAIN], { env, timeout: 40_000 }, (error, _, errors) => {
      const seconds = (performance.now() - start) / 1000;
      resolve({ code: error === null ? 0 : (error.code ?? error.signal), errors, seconds });
    });
  });
}

test('nothing is loaded for metrics and traces that nobody wants', async () => {
  expect(await run({})).toMatchObject({ code: 0, errors: '' });
}, 60_000);

test('with traces OpenTelemetry is loaded; a collector that is away does not keep the operator from ending', async () => {
  const { code, errors, seconds } = await run({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
  expect(errors).toContain('asked for @opentelemetry/sdk-trace');
  expect(errors).toContain('asked for @opentelemetry/exporter-trace-otlp-proto');
  expect(code).toBe(0);
  expect(seconds).toBeLessThan(30);
}, 60_000);

test('an endpoint that is none ends it as a wrong setting does', async () => {
  const { code, errors } = await run({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' });
  expect(code).toBe(2);
  expect(errors).toContain('OTEL_EXPORTER_OTLP_ENDPOINT must be an address such as http://collector:4318');
}, 60_000);
