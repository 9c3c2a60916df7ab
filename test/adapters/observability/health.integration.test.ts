import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { startHealthServer } from '../../../src/adapters/observability/health.ts';

/** A server whose checks say what the test says. */
async function serve() {
  const problems: { live?: string; ready?: string } = {};
  const server = await startHealthServer('127.0.0.1', 0, {
    live: () => problems.live,
    ready: () => problems.ready,
    role: () => 'standing by',
  });
  onTestFinished(() => server.close().catch(() => {}));
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return `${response.status} ${(await response.text()).trim()}`;
  };
  return { server, problems, get };
}

it('answers 200 while all is well, and otherwise 503 with the reason', async () => {
  const { server, problems, get } = await serve();
  expect(await get('/livez')).toBe('200 ok');
  expect(await get('/readyz?verbose')).toBe('200 ok: standing by');
  expect(await get('/other')).toBe('404 not found');
  problems.ready = 'the experiments have not been listed yet';
  expect(await get('/readyz')).toBe('503 not ready: the experiments have not been listed yet');
  expect(await get('/livez')).toBe('200 ok');
  problems.live = 'all 8 workers are stuck';
  expect(await get('/livez')).toBe('503 not live: all 8 workers are stuck');
  await server.close();
  await expect(get('/livez')).rejects.toThrow();
});

it('says which address it cannot have', async () => {
  const { server } = await serve();
  const checks = { live: () => undefined, ready: () => undefined, role: () => '' };
  await expect(startHealthServer('127.0.0.1', server.port, checks)).rejects.toThrow('EADDRINUSE');
});

it('is not live while each turn of the event loop takes longer than 5 s', async () => {
  const module = fileURLToPath(new URL('../../../src/adapters/observability/health.ts', import.meta.url));
  // A process of its own: the loop that is held up here would be the test's.
  const script = `
    const { startHealthServer } = await import(${JSON.stringify(module)});
    const server = await startHealthServer('127.0.0.1', 0, { live() {}, ready() {}, role: () => '' });
    const holdUp = () => { for (const end = performance.now() + 5200; performance.now() < end; ); };
    process.on('message', (turns) => {
      const timer = setInterval(() => { holdUp(); turns -= 1; if (turns === 0) clearInterval(timer); }, 1);
    });
    process.send(server.port);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const [port] = await once(child, 'message');
  const livez = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/livez`);
    return `${response.status} ${(await response.text()).trim()}`;
  };
  expect(await livez()).toBe('200 ok');
  child.send(5);
  // It may come before the loop is held up.
  let answer = await livez();
  if (answer === '200 ok') answer = await livez();
  expect(answer).toMatch(/^503 not live: the event loop took \d+\.\d s for a turn; at most 5 s are well$/);
  await expect.poll(livez, { timeout: 30_000 }).toBe('200 ok');
});
