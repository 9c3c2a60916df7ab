import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** What the operator leaves out of the Kubernetes client is left out by the text of these two files. */
it.each([
  ['index.js', ["export * from './config.js'", "import './polyfill.js'"]],
  ['gen/index.js', ['export { createConfiguration } from "./configuration.js"', 'export * from "./servers.js"']],
])('the Kubernetes client has a file %s with what the operator takes from it', (file, parts) => {
  const client = new URL('../node_modules/@kubernetes/client-node/dist/', import.meta.url);
  const text = readFileSync(fileURLToPath(new URL(file, client)), 'utf8');
  for (const part of parts) expect(text).toContain(part);
});

it('of the generated API the kubeconfig needs nothing else', () => {
  const client = new URL('../node_modules/@kubernetes/client-node/dist/', import.meta.url);
  const text = readFileSync(fileURLToPath(new URL('config.js', client)), 'utf8');
  const imported = /import \{([^}]*)\} from '\.\/gen\/index\.js'/.exec(text)?.[1] ?? '';
  expect(
    imported
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean)
      .sort(),
  ).toEqual(['ServerConfiguration', 'createConfiguration']);
});

/** What a program prints that makes itself small first. */
async function printed(program: string): Promise<unknown> {
  const begin = `
    import { registerHooks } from 'node:module';
    import { keepFootprintSmall } from './src/smallFootprint.ts';
    keepFootprintSmall();
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });`;
  const root = fileURLToPath(new URL('..', import.meta.url));
  const args = ['--input-type=module', '--eval', begin + program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  return JSON.parse(stdout);
}

it('of the operator library what writes is replaced, and its way to write is left out', async () => {
  const program = `
    const { ExperimentOperator } = await import('./src/adapters/kubernetes/operator.ts');
    const Base = Object.getPrototypeOf(ExperimentOperator);
    const writers = Object.getOwnPropertyNames(Base.prototype)
      .filter((name) => name !== 'constructor' && /gaxios_1|this\\.resourceStatusRequest/.test(Base.prototype[name]));
    const kept = writers.filter((name) => !Object.hasOwn(ExperimentOperator.prototype, name));
    console.log(JSON.stringify({ writers: writers.length, kept, left: loaded.filter((url) => /node-fetch|whatwg-url|tr46/.test(url)) }));`;
  expect(await printed(program)).toEqual({
    writers: 4,
    // Called by two of the others alone.
    kept: ['resourceStatusRequest'],
    left: [],
  });
});

/** What a program prints that loads the client as the operator does, and uses a kubeconfig with this user. */
async function loggedIn(authProvider: object): Promise<unknown> {
  const kubeconfig = {
    clusters: [{ name: 'c', server: 'https://127.0.0.1:6443' }],
    users: [{ name: 'u', authProvider }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  };
  const program = `
    const { KubeConfig } = await import('@kubernetes/client-node');
    const isLoaded = () => loaded.some((url) => url.endsWith('_auth.js?whole'));
    const before = isLoaded();
    const config = new KubeConfig();
    config.loadFromOptions(${JSON.stringify(kubeconfig)});
    const options = { headers: {} };
    await config.applyToHTTPSOptions(options);
    console.log(JSON.stringify({ before, after: isLoaded(), isSmall: !loaded.some((url) => url.includes('/undici/lib/')), headers: options.headers }));`;
  return printed(program);
}

it('who logs in with an account of their own still can: what that takes is loaded then', async () => {
  const inAnHour = Math.floor(Date.now() / 1000) + 3600;
  const token = ['{"alg":"none"}', JSON.stringify({ exp: inAnHour }), 'x']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');
  const oidc = { 'id-token': token, 'client-id': 'c', 'refresh-token': 'r', 'idp-issuer-url': 'https://127.0.0.1' };
  expect(await loggedIn({ name: 'oidc', config: oidc })).toEqual({
    before: false,
    after: true,
    isSmall: true,
    headers: { Authorization: `Bearer ${token}` },
  });
  const gcp = { 'access-token': 'of-google', expiry: new Date(inAnHour * 1000).toISOString() };
  expect(await loggedIn({ name: 'gcp', config: gcp })).toEqual({
    before: false,
    after: true,
    isSmall: true,
    headers: { Authorization: 'Bearer of-google' },
  });
});
