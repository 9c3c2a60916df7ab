import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { generateCertificates } from '../../../demo/azure-monitor/certificates.ts';

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

it('takes the certificates of a mounted Secret, gives out the name it is told, and answers questions on loopback', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'azure-monitor-test-'));
  const { ca, cert, key } = await generateCertificates(['azure-monitor.test.svc']);
  const files = Object.entries({ 'ca.pem': ca, 'cert.pem': cert, 'key.pem': key });
  await Promise.all(files.map(([name, text]) => writeFile(join(folder, name), text)));
  const port = await freePort();
  const args = ['--host', 'azure-monitor.test.svc', '--certificates', folder, '--questions-port', String(port)];
  const server = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(createInterface({ input: server.stdout }), 'line');
    const endpoints: Record<string, string> = JSON.parse(String(line));
    const queryPort = /^https:\/\/azure-monitor\.test\.svc:(\d+)\/v1$/.exec(endpoints.queryEndpoint ?? '')?.[1];
    expect(endpoints.connectionString).toMatch(/IngestionEndpoint=http:\/\/azure-monitor\.test\.svc:\d+\//);
    const trusted = { ca, host: '127.0.0.1', port: Number(queryPort), servername: 'azure-monitor.test.svc' };
    const socket = connect(trusted);
    await once(socket, 'secureConnect');
    socket.destroy();
    const ask = (kql: string) => fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: kql });
    expect(await (await ask('print 1 + 1')).json()).toMatchObject({ rows: [[2]] });
    const refused = await ask('Nothing | count');
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('Nothing')]);
    const exit = once(server, 'exit');
    server.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
    await access(join(folder, 'ca.pem'));
  } finally {
    server.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
