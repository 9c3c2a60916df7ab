import { type ExecFileOptions, execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/**
 * Builds the image with the buildah or docker of this machine, and looks at it from inside. IMAGE_BASE and IMAGE_BUILD_BASE
 * name what it stands on and what builds it; without them docker takes the Dockerfile's default, and buildah takes copies of
 * this machine's own programs (tools/localBaseImage.sh), so that no registry of images is needed.
 */
const ROOT = join(import.meta.dirname, '..', '..');
const exec = promisify(execFile);
const run = async (file: string, args: readonly string[], options: ExecFileOptions = {}): Promise<string> => {
  const { stdout } = await exec(file, [...args], { cwd: ROOT, maxBuffer: 1 << 26, ...options });
  return String(stdout);
};
const works = (file: string, ...args: string[]) =>
  run(file, args).then(
    () => true,
    () => false,
  );

const builder = (await works('docker', 'info'))
  ? 'docker'
  : (await works('buildah', '--version'))
    ? 'buildah'
    : undefined;
const DEFAULT_BASE = 'node:24-slim';
const LOCAL_BASE = 'localhost/mirror-experiment-test-base';
const IMAGE = 'localhost/mirror-experiment-test:1';
const manifest: { version: string } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));

let directory: string;
let container: string;
const ids: string[] = [];

/** Builds it from nothing, and gives the image's id: the digest of its configuration, which names its layers. */
async function build(...more: readonly string[]): Promise<string> {
  const file = join(directory, `id-${ids.length}`);
  // chroot: buildah then needs no rights that a container of its own would take.
  const isolated = builder === 'buildah' ? ['--isolation', 'chroot', '--network', 'host', '--pull-never'] : [];
  const args = [...isolated, '--no-cache', '--iidfile', file, '--tag', IMAGE, '--build-arg', 'REVISION=none', ...more];
  // Of the sources alone: a commit between two builds changes nothing.
  await run('tools/buildImage.sh', args, {
    env: { ...process.env, BUILDER: builder, SOURCE_DATE_EPOCH: '1700000000' },
  });
  return (await readFile(file, 'utf8')).trim();
}

/** The arguments that name the bases; or why the image cannot be built here. */
async function chooseBases(): Promise<readonly string[] | string> {
  const { IMAGE_BASE, IMAGE_BUILD_BASE } = process.env;
  const argument = (name: string, image: string | undefined) =>
    image === undefined ? [] : ['--build-arg', `${name}=${image}`];
  if (builder === undefined) return 'there is no docker daemon that answers, and no buildah';
  if (IMAGE_BASE !== undefined) return [...argument('BASE', IMAGE_BASE), ...argument('BUILD_BASE', IMAGE_BUILD_BASE)];
  if (builder === 'docker') {
    const has =
      (await works('docker', 'image', 'inspect', DEFAULT_BASE)) || (await works('docker', 'pull', DEFAULT_BASE));
    return has ? [] : `docker has no ${DEFAULT_BASE} and cannot pull it; IMAGE_BASE names another base`;
  }
  try {
    await run('tools/localBaseImage.sh', [LOCAL_BASE]);
  } catch (error) {
    return `buildah cannot make a base image here (IMAGE_BASE names another): ${error instanceof Error ? error.message : error}`;
  }
  return [...argument('BASE', LOCAL_BASE), ...argument('BUILD_BASE', `${LOCAL_BASE}-build`)];
}

/** Runs a program in the image as its user. */
async function inside(...command: readonly string[]): Promise<string> {
  if (builder === 'docker') {
    return run('docker', [
      'run',
      '--rm',
      '--network=none',
      '--read-only',
      '--entrypoint',
      command[0] ?? '',
      IMAGE,
      ...command.slice(1),
    ]);
  }
  return run('buildah', ['run', '--isolation', 'chroot', container, '--', ...command]);
}

async function evaluate(script: string): Promise<unknown> {
  return JSON.parse(await inside('node', '--input-type=module', '--eval', script));
}

const bases = await chooseBases();
if (typeof bases === 'string') console.warn(`SKIPPED: the image is not built: ${bases}`);

describe.skipIf(typeof bases === 'string')(
  `the image ${typeof bases === 'string' ? `is not built: ${bases}` : `built by ${builder}`}`,
  () => {
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'mirror-experiment-image-'));
      ids.push(await build(...bases), await build(...bases));
      if (builder === 'buildah') container = (await run('buildah', ['from', '--pull-never', IMAGE])).trim();
    }, 1_200_000);

    afterAll(async () => {
      if (container !== undefined) await run('buildah', ['rm', container]);
      await rm(directory, { recursive: true, force: true });
    });

    test('is the same, to its digest, each time it is built', () => {
      expect(ids[0]).toMatch(/^(sha256:)?[0-9a-f]{64}$/);
      expect(ids[1]).toBe(ids[0]);
    });

    test('runs as a user who can change nothing in it', async () => {
      const script = `
        import { accessSync, constants, globSync } from 'node:fs';
        const writable = globSync('/app/**').filter((path) => {
          try { accessSync(path, constants.W_OK); return true; } catch { return false; }
        });
        console.log(JSON.stringify({ uid: process.getuid(), gid: process.getgid(), writable }));`;
      expect(await evaluate(script)).toEqual({ uid: 65532, gid: 65532, writable: [] });
    });

    test('holds the packages that the lock has for production, and no other', async () => {
      const lock: {
        packages: Record<string, { dev?: boolean; optional?: boolean; devOptional?: boolean; version: string }>;
      } = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'));
      const wanted = Object.entries(lock.packages)
        .filter(([path, { dev, optional, devOptional }]) => path !== '' && !dev && !optional && !devOptional)
        .map(([path, { version }]) => `${path}@${version}`);
      const script = `
        import { globSync, readFileSync } from 'node:fs';
        const manifests = globSync('/app/node_modules/**/package.json')
          .filter((path) => /node_modules\\/(@[^/]+\\/)?[^/@]+\\/package\\.json$/.test(path));
        console.log(JSON.stringify(manifests.map((path) =>
          path.slice('/app/'.length, -'/package.json'.length) + '@' + JSON.parse(readFileSync(path, 'utf8')).version)));`;
      const found = await evaluate(script);
      expect(Array.isArray(found) && found.toSorted()).toEqual(wanted.toSorted());
      expect(wanted.length).toBeGreaterThan(50);
    });

    test('is small: the operator and its packages, and nothing that Node does not load', async () => {
      const script = `
        import { globSync, statSync } from 'node:fs';
        const files = globSync('/app/**').filter((path) => statSync(path).isFile());
        const bytes = files.reduce((sum, path) => sum + statSync(path).size, 0);
        const useless = files.filter((path) => /\\.(d\\.[cm]?ts|map)$/.test(path));
        console.log(JSON.stringify({ bytes, useless }));`;
      const { bytes, useless } = (await evaluate(script)) as { bytes: number; useless: unknown };
      expect(useless).toEqual([]);
      expect(bytes).toBeLessThan(60_000_000);
    });

    test('starts the operator, its dead man’s switch and kubectl-mirror', async () => {
      expect(await inside('node', '/app/dist/main.js', '--help')).toContain('WATCH_NAMESPACE');
      expect(await inside('node', '/app/dist/deadMansSwitch.js', '--help')).toContain('DEAD_MANS_SWITCH_SECONDS');
      expect(await inside('node', '/app/dist/cli/main.js', 'explain', 'OperatorAbsent')).toContain('OperatorAbsent');
    });

    test('has kubectl-mirror on its PATH, with no shell between', async () => {
      expect((await inside('kubectl-mirror', '--version')).trim()).toContain(manifest.version);
      if (process.env.IMAGE_BASE === undefined && builder === 'buildah') {
        await expect(inside('sh', '-c', 'true')).rejects.toThrow();
      }
    });
  },
);
