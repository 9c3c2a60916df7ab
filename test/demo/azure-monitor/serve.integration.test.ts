import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../../../demo/azure-monitor/serve.ts', import.meta.url));

it('prints its endpoints, serves them to a process that trusts its CA, and ends on SIGTERM', async () => {
  const server = spawn(process.execPath, [PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(createInterface({ input: server.stdout }), 'line');
    const endpoints: Record<string, string> = JSON.parse(String(line));
    expect(Object.keys(endpoints)).toEqual(
      expect.arrayContaining(['queryEndpoint', 'ingestionEndpoint', 'authorityHost', 'connectionString', 'caFile']),
    );
    const discovery = `${endpoints.authorityHost}${endpoints.tenantId}/v2.0/.well-known/openid-configuration`;
    const script = `fetch(${JSON.stringify(discovery)}).then((r) => r.json()).then((d) => console.log(d.token_endpoint))`;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: endpoints.caFile },
    });
    expect(stdout.trim()).toBe(`${endpoints.authorityHost}${endpoints.tenantId}/oauth2/v2.0/token`);
    const exit = once(server, 'exit');
    server.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
    await expect(access(endpoints.caFile ?? '')).rejects.toThrow('ENOENT');
  } finally {
    server.kill('SIGKILL');
  }
}, 60_000);
