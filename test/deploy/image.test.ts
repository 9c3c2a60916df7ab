import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { readSettings } from '../../src/settings.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

interface Instruction {
  readonly name: string;
  readonly text: string;
}

interface Stage {
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

/** Continued lines joined, comments left out. */
function instructions(dockerfile: string): Instruction[] {
  return dockerfile
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', text = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
      return { name, text };
    });
}

const all = instructions(read('Dockerfile'));
const begins = all.flatMap(({ name }, index) => (name === 'FROM' ? [index] : []));
const stages: Stage[] = begins.map((begin, order) => ({
  base: all[begin]?.text ?? '',
  instructions: all.slice(begin + 1, begins[order + 1]),
}));
const image = stages.at(-1)?.instructions ?? [];
const texts = (list: readonly Instruction[], name: string) =>
  list.filter((each) => each.name === name).map(({ text }) => text);
const json = (name: string): unknown => JSON.parse(texts(image, name)[0] ?? 'null');

const { spec } = parse(read('deploy/base/deployment.yaml')).spec.template;
const [operator] = spec.containers;
const manifest: { version: string; files: string[]; license: string } = JSON.parse(read('package.json'));

/** What is copied from the repository, and not from another stage. */
const sources = all
  .filter(({ name, text }) => name === 'COPY' && !text.startsWith('--from='))
  .flatMap(({ text }) => text.split(/\s+/).slice(0, -1));

test('what the Dockerfile copies is there', () => {
  expect(sources).toContain('package-lock.json');
  expect(sources.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test('the builder sees what the Dockerfile copies and nothing else: no installed packages, history or caches', () => {
  const rules = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const [first, ...exceptions] = rules;
  expect(first).toBe('*');
  expect(exceptions.toSorted()).toEqual([...new Set(sources)].map((path) => `!${path}`).toSorted());
});

test('packages are those of the lock, without scripts; the image has none that only build and test it', () => {
  const installs = all.flatMap(({ text }) => text.match(/npm (?:ci|install)\b[^&]*/g) ?? []);
  expect(installs).toHaveLength(2);
  for (const install of installs) expect(install).toMatch(/^npm ci .*--ignore-scripts/);
  const [packages] = stages;
  expect(texts(packages?.instructions ?? [], 'RUN').join()).toContain('npm ci --omit=dev');
  const copied = texts(image, 'COPY');
  expect(copied).toEqual(['--from=packages /image/ /', '--from=build /image/ /']);
});

test('the image holds what the package does', () => {
  const build = texts(stages[1]?.instructions ?? [], 'RUN').find((run) => run.includes('npm run build'));
  const moved = / mv ([^&]*?) \/image\/app\//.exec(build ?? '')?.[1]?.split(' ') ?? [];
  expect(moved.toSorted()).toEqual([...manifest.files, 'package.json', 'LICENSE'].toSorted());
});

test('base and build base are arguments, and the base may be without a shell', () => {
  const before = all.slice(0, begins[0]);
  expect(texts(before, 'ARG')).toEqual(['BASE=node:24-slim', 'BUILD_BASE=$BASE']);
  expect(stages.map(({ base }) => base)).toEqual(['$BUILD_BASE AS packages', '$BUILD_BASE AS build', '$BASE']);
  expect(image.map(({ name }) => name)).not.toContain('RUN');
});

test('it runs what tsc makes of main.ts, without a shell between it and the signals', () => {
  const { rootDir, outDir } = JSON.parse(read('tsconfig.build.json')).compilerOptions;
  expect(existsSync(join(ROOT, rootDir, 'main.ts'))).toBe(true);
  expect(json('ENTRYPOINT')).toEqual(['node', `/app/${outDir}/main.js`]);
  expect(json('CMD')).toEqual([]);
  expect([operator.command, operator.args]).toEqual([undefined, undefined]);
});

test('the pods have a process 1 of their own, so that no SIGTERM is lost before node handles it', () => {
  expect(spec.shareProcessNamespace).toBe(true);
  const [deadMansSwitch] = parseAllDocuments(read('deploy/base/deadmansswitch.yaml'))
    .map((document) => document.toJS())
    .filter(({ kind }) => kind === 'CronJob');
  expect(deadMansSwitch.spec.jobTemplate.spec.template.spec.shareProcessNamespace).toBe(true);
});

test('user and port are those of the Deployment and of the settings', () => {
  const { runAsUser, runAsGroup, runAsNonRoot } = spec.securityContext;
  expect(runAsNonRoot).toBe(true);
  expect(texts(image, 'USER')).toEqual([`${runAsUser}:${runAsGroup}`]);
  const exposed = texts(image, 'EXPOSE').flatMap((ports) => ports.split(' '));
  expect(exposed).toEqual(operator.ports.map(({ containerPort }: { containerPort: number }) => String(containerPort)));
  const { healthPort, metricsPort } = readSettings([], {});
  expect(exposed).toEqual([String(healthPort), String(metricsPort)]);
});

test('the health check asks the port of the settings for /livez', async () => {
  const [health = ''] = texts(image, 'HEALTHCHECK');
  const [node, flag, script]: string[] = JSON.parse(health.slice(health.indexOf('CMD ') + 4));
  expect([node, flag]).toEqual(['node', '-e']);
  for (const [env, port] of [
    [{}, readSettings([], {}).healthPort],
    [{ HEALTH_PORT: '9000' }, 9000],
  ] as const) {
    for (const [ok, code] of [
      [true, 0],
      [false, 1],
      [undefined, 1],
    ] as const) {
      const asked: string[] = [];
      const answer = (url: string) => {
        asked.push(url);
        return ok === undefined ? Promise.reject(new Error('refused')) : Promise.resolve({ ok });
      };
      const exit = await new Promise((resolve) => {
        new Function('fetch', 'process', script ?? '')(answer, { env, exit: resolve });
      });
      expect([exit, asked]).toEqual([code, [`http://127.0.0.1:${port}/livez`]]);
    }
  }
});

test('version and licence of the labels are those of the package', () => {
  const labels = Object.fromEntries(
    [
      ...texts(image, 'LABEL')
        .join()
        .matchAll(/org\.opencontainers\.image\.([\w.]+)="([^"]*)"/g),
    ].map(([, name, value]) => [name, value]),
  );
  expect(texts(image, 'ARG')).toContain(`VERSION=${manifest.version}`);
  expect(labels).toMatchObject({ version: '$VERSION', revision: '$REVISION', licenses: manifest.license });
});

test('docs/install.md says how many packages are in it', () => {
  const lock: { packages: Record<string, { dev?: boolean; optional?: boolean; devOptional?: boolean }> } = JSON.parse(
    read('package-lock.json'),
  );
  const production = Object.entries(lock.packages).filter(
    ([path, { dev, optional, devOptional }]) => path !== '' && !dev && !optional && !devOptional,
  );
  expect(read('docs/install.md')).toContain(`the ${production.length} packages of`);
});
