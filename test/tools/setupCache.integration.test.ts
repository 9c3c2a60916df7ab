import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';

let root: string;
let directory: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mirror-experiment-setup-'));
  directory = join(root, 'tool-1.0.0');
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** A set-up that runs `fill` (JavaScript; `partial` is its directory) unless the directory holds a file `ready`. */
function startSetup(fill: string): ChildProcess {
  const script = `
    import { existsSync, appendFileSync, writeFileSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    import { provide } from './tools/setup/cache.mjs';
    import { run } from './tools/setup/processes.mjs';
    await provide(${JSON.stringify(directory)}, 'the tool', {
      isReady: (place) => existsSync(place + '/ready'),
      fill: async (partial) => { ${fill} },
    });`;
  return spawn('node', ['--input-type=module', '--eval', script], {
    env: { ...process.env, MIRROR_EXPERIMENT_CACHE: root },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function result(child: ChildProcess) {
  if (!child.stdout || !child.stderr) throw new Error('the set-up has no output');
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { stdout, stderr, code, signal };
}

const fillOnce = (log: string) =>
  `appendFileSync(${JSON.stringify(log)}, 'fill\\n'); await sleep(1000); writeFileSync(partial + '/ready', '');`;

test('two set-ups at once do the work once', async () => {
  const log = join(root, 'fills');
  const outcomes = await Promise.all([result(startSetup(fillOnce(log))), result(startSetup(fillOnce(log)))]);
  expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
  expect(outcomes.map(({ stdout }) => stdout).join('')).toBe('Another set-up is at work on the tool; waiting for it\n');
  expect(await readFile(log, 'utf8')).toBe('fill\n');
  expect((await readdir(root)).sort()).toEqual(['fills', 'tool-1.0.0']);
  expect(await readdir(directory)).toEqual(['ready']);
});

test('a set-up that is interrupted leaves nothing that looks complete, and ends its programs', async () => {
  const pidFile = join(root, 'pid');
  const command = JSON.stringify(`echo $$ > ${pidFile}; exec sleep 300`);
  const setup = startSetup(`await run('sh', ['-c', ${command}], { name: 'tool', remedy: '' });`);
  const ended = result(setup);
  await expect.poll(() => readFile(pidFile, 'utf8').catch(() => ''), { timeout: 20_000 }).toMatch(/\n$/);
  setup.kill('SIGTERM');
  expect(await ended).toMatchObject({ signal: 'SIGTERM' });
  const pid = Number(await readFile(pidFile, 'utf8'));
  await expect.poll(() => isRunning(pid)).toBe(false);
  expect((await readdir(root)).sort()).toEqual(['logs', 'pid']);
});

test('what a killed set-up left behind is replaced', async () => {
  const lock = `${directory}.lock`;
  await writeFile(lock, '1\n');
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(lock, longAgo, longAgo);
  await mkdir(`${directory}.partial-1`);
  await mkdir(directory);
  await writeFile(join(directory, 'broken'), '');
  expect(await result(startSetup(fillOnce(join(root, 'fills'))))).toMatchObject({ code: 0, stdout: '' });
  expect((await readdir(root)).sort()).toEqual(['fills', 'tool-1.0.0']);
  expect(await readdir(directory)).toEqual(['ready']);
});

test('a program that fails is reported with the end of its output and the remedy', async () => {
  const command = JSON.stringify('for i in $(seq 40); do echo line $i; done; exit 3');
  const { code, stderr } = await result(
    startSetup(`await run('sh', ['-c', ${command}], { name: 'tool', remedy: 'Install the tool.' });`),
  );
  expect(code).toBe(1);
  expect(stderr).toContain('ended with 3.\n    line 26\n');
  expect(stderr).toContain('    line 40\n');
  expect(stderr).toContain(`The whole log: ${join(root, 'logs', 'tool.log')}\n  Install the tool.`);
  expect(await readdir(root)).toEqual(['logs']);
});

test('what was installed and does not run is not put in place', async () => {
  const { code, stderr } = await result(startSetup(''));
  expect(code).toBe(1);
  expect(stderr).toContain('the tool was installed, but does not run on this machine');
  expect(await readdir(root)).toEqual([]);
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
