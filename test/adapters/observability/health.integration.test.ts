import { expect, it } from 'vitest';
import { startHealthServer } from '../../../src/adapters/observability/health.ts';

it('is live at once, and ready when the experiments have been listed', async () => {
  let ready = false;
  const server = await startHealthServer('127.0.0.1', 0, () => ready);
  const status = async (path: string) => (await fetch(`http://127.0.0.1:${server.port}${path}`)).status;
  try {
    expect(await status('/livez')).toBe(200);
    expect(await status('/readyz')).toBe(503);
    ready = true;
    expect(await status('/readyz')).toBe(200);
    expect(await status('/other')).toBe(404);
  } finally {
    await server.close();
  }
  await expect(status('/livez')).rejects.toThrow();
});

it('says which address it cannot have', async () => {
  const first = await startHealthServer('127.0.0.1', 0, () => true);
  try {
    await expect(startHealthServer('127.0.0.1', first.port, () => true)).rejects.toThrow('EADDRINUSE');
  } finally {
    await first.close();
  }
});
