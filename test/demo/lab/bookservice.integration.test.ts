import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../demo/node/ports.ts';
import { startIngestion } from '../support/ingestion.ts';
import { until } from '../support/until.ts';

const program = new URL('../../../demo/lab/bookservice/server.ts', import.meta.url).pathname;

describe('the bookservice', () => {
  let ingestion: Awaited<ReturnType<typeof startIngestion>>;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    ingestion = await startIngestion();
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    }
    ingestion.close();
  });

  async function start(version: string, env: Record<string, string> = {}) {
    const port = await freePort();
    const child = spawn(process.execPath, [program], {
      env: {
        PORT: String(port),
        BOOKSERVICE_IMAGE_VERSION: version,
        VersionTag: `${version.toUpperCase()}MIR-BookService`,
        APPLICATIONINSIGHTS_CONNECTION_STRING: ingestion.connectionString,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    const url = `http://127.0.0.1:${port}`;
    await until('the bookservice answers', () =>
      fetch(`${url}/healthz`).then(
        (response) => response.ok,
        () => false,
      ),
    );
    return { url, child };
  }

  it('sends one row per request: operation name without ids, tag, code, duration, the trace id of the client', async () => {
    const { url } = await start('v1');
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    await fetch(`${url}/api/reviews/3`, { headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } });
    await fetch(`${url}/api/books/2`);
    await fetch(`${url}/api/books`);
    await fetch(`${url}/api/books`, { method: 'POST', body: '{}' });
    await fetch(`${url}/api/books/999`);
    await fetch(`${url}/healthz`);
    await until('five rows', () => ingestion.rows.length >= 5, 3000);

    const seen = ingestion.rows.map(({ name, resultCode, success }) => ({ name, resultCode, success }));
    expect(seen).toEqual([
      { name: 'GET Reviews/Get', resultCode: '200', success: true },
      { name: 'GET Books/GetById', resultCode: '200', success: true },
      { name: 'GET Books/Get', resultCode: '200', success: true },
      { name: 'POST Books/Post', resultCode: '201', success: true },
      { name: 'GET Books/GetById', resultCode: '404', success: false },
    ]);
    for (const row of ingestion.rows) {
      expect(row.versionTag).toBe('V1MIR-BookService');
      expect(row.operationName).toBe(row.name);
      expect(row.sampleRate).toBe(100);
    }
    expect(ingestion.rows[0]?.operationId).toBe(traceId);
    expect(ingestion.rows[0]?.durationMilliseconds).toBeGreaterThanOrEqual(9);
    expect(ingestion.rows[0]?.durationMilliseconds).toBeLessThan(500);
    expect(ingestion.otherTypes).toEqual([]);
  });

  it('V3 is slow on reviews only, and answers many at a time', async () => {
    const { url } = await start('v3');
    const started = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const response = await fetch(`${url}/api/reviews/${1 + (index % 8)}`);
        await response.arrayBuffer();
        return response.status;
      }),
    );
    const elapsed = performance.now() - started;
    expect(new Set(answers)).toEqual(new Set([200]));
    // One after the other they would take over 70 s.
    expect(elapsed).toBeLessThan(10_000);
    await fetch(`${url}/api/books`);
    await fetch(`${url}/api/books/2`);
    await until('all rows', () => ingestion.rows.length >= 62, 5000);
    for (const row of ingestion.rows) {
      if (row.name === 'GET Reviews/Get') expect(row.durationMilliseconds).toBeGreaterThanOrEqual(1190);
      else expect(row.durationMilliseconds).toBeLessThan(1000);
    }
  });

  it('V4 fails the reviews of books with an even id, and nothing else', async () => {
    const { url } = await start('v4');
    const status = async (path: string) => (await fetch(url + path)).status;
    for (const id of [1, 2, 3, 4, 5, 6, 7, 8]) {
      expect(await status(`/api/reviews/${id}`)).toBe(id % 2 === 0 ? 500 : 200);
      expect(await status(`/api/books/${id}`)).toBe(200);
    }
    expect(await status('/api/books')).toBe(200);
    const rows = await until('all rows', () => ingestion.rows.length >= 17 && ingestion.rows, 3000);
    const failed = rows.filter((row) => row.resultCode === '500');
    expect(failed.map((row) => [row.name, row.success])).toEqual(Array(4).fill(['GET Reviews/Get', false]));
  });

  it('on SIGTERM finishes what it is answering, sends its telemetry and exits 0', async () => {
    const { url, child } = await start('v3');
    const answer = fetch(`${url}/api/reviews/1`);
    // The request is under way when the service has taken its connection: a second answer proves that it reads.
    await fetch(`${url}/api/books/1`);
    child.kill('SIGTERM');
    const [[code, signal], response] = await Promise.all([once(child, 'exit'), answer]);
    expect([code, signal]).toEqual([0, null]);
    expect(response.status).toBe(200);
    expect(ingestion.rows.map((row) => row.name).sort()).toEqual(['GET Books/GetById', 'GET Reviews/Get']);
  });

  it('refuses an unknown version with a message that names the known ones', async () => {
    const child = spawn(process.execPath, [program], {
      env: { PORT: '1234', BOOKSERVICE_IMAGE_VERSION: 'v9' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    children.push(child);
    let stderr = '';
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    const [code] = await once(child, 'close');
    expect(code).not.toBe(0);
    expect(stderr).toContain('must be one of v1, v2, v3, v4, not "v9"');
  });
});
