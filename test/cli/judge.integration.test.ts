import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { EVIDENCE_KEY, GZIP_SUFFIX, RECORD_KEY, RECORD_VERSION } from '../../src/core/evidence/record.ts';
import { cli } from '../support/cli.ts';
import { experimentObject } from '../support/lab.ts';
import vectors from '../vectors/verdict.json' with { type: 'json' };

const documents = vectors.vectors.filter(({ function: name }) => name === 'evaluate');
const named = (name: string) => documents.find((each) => each.name === `document: ${name}`)?.input;
const healthy = JSON.stringify(named('healthy, Pass'));

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubectl-mirror-judge-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function file(name: string, content: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

describe.concurrent('judge -', () => {
  test('answers every document of the vectors as they expect, in their order', async ({ expect }) => {
    const input = documents.map((each) => JSON.stringify(each.input)).join('\n');
    const { code, stdout, stderr } = await cli(['judge', '-'], { input });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(documents.length);
    for (const [index, { name, expected, tolerance }] of documents.entries()) {
      expectClose(JSON.parse(lines[index] ?? ''), expected, tolerance, name);
    }
  });

  test('answers good lines, tells bad ones with their number and exits with 3', async ({ expect }) => {
    const bad = JSON.stringify({ ...JSON.parse(healthy), deadline: 'no' });
    const input = [healthy, 'kind: ConfigMap', '', bad, healthy].join('\r\n');
    const { code, stdout, stderr } = await cli(['judge', '-'], { input });
    expect(code).toBe(3);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).verdict),
    ).toEqual(['Pass', 'Pass']);
    expect(
      stderr
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { line: 2, error: expect.stringMatching(/^not JSON: .*one JSON document per line/s) },
      {
        line: 4,
        error: 'no valid evidence',
        errors: [{ path: 'deadline', message: 'must be true or false; it is "no"' }],
      },
    ]);
  });

  test('adds intervals only when they are asked for', async ({ expect }) => {
    const { stdout } = await cli(['judge', '-', '--intervals'], { input: healthy });
    const [route] = JSON.parse(stdout).routes;
    expect(route.latency[0].deltaInterval).toEqual({ lower: expect.any(Number), upper: expect.any(Number) });
    expect(route.errors.deltaInterval.upper).toBeLessThan(1);
    const [plain] = JSON.parse((await cli(['judge', '-'], { input: healthy })).stdout).routes;
    expect(Object.keys(plain)).toEqual(['name', 'verdict', 'gates']);
  });

  test('ends quietly when its reader does', async ({ expect }) => {
    const { code, stderr } = await new Promise<{ code: number | null; stderr: string }>((resolve) => {
      const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');
      const child = spawn(process.execPath, [main, 'judge', '-'], { stdio: ['pipe', 'pipe', 'pipe'] });
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        stderr += chunk;
      });
      child.stdin.on('error', () => {});
      child.stdout.once('data', () => child.stdout.destroy());
      child.stdin.end(`${healthy}\n`.repeat(50));
      child.on('close', (code) => resolve({ code, stderr }));
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

describe.concurrent('judge FILE', () => {
  test.for([
    ['healthy, Pass', 0],
    ['V3, 1.2 s slower, Fail', 1],
    ['V4, half 500, Fail', 1],
    ['loses 30 %, deadline', 2],
    ['healthy, too early', 2],
  ] as const)('exits by the verdict: %s', async ([name, code], { expect }) => {
    const path = await file(`${name.replaceAll(/\W+/g, '-')}.json`, JSON.stringify(named(name)));
    expect(await cli(['judge', path])).toMatchObject({ code, stderr: '' });
  });

  const record = {
    apiVersion: RECORD_VERSION,
    experiment: { namespace: 'bookstore', name: 'bookservice-v3', uid: 'u', generation: 1 },
    spec: experimentObject('bookservice-v3', 'V3').spec,
    status: {
      verdict: 'Pass',
      summary: 'Pass: within tolerance',
      conditions: [condition('Passed', 'WithinTolerance')],
    },
    window: null,
    ...{ queries: [], resultCodes: [], trace: null, leftOut: [] },
  };
  function condition(type: string, reason: string) {
    const lastTransitionTime = '2026-01-01T00:00:00Z';
    return { type, status: 'False', reason, message: 'x', lastTransitionTime, observedGeneration: 1 };
  }
  const configMap = (content: object) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'bookservice-v3-evidence' },
    ...content,
  });
  const packed = (text: string) => gzipSync(text).toString('base64');

  test('takes the ConfigMap as kubectl prints it, compressed or not', async ({ expect }) => {
    const plain = configMap({ data: { [EVIDENCE_KEY]: healthy, [RECORD_KEY]: JSON.stringify(record) } });
    const gzip = configMap({
      data: { [RECORD_KEY]: JSON.stringify(record) },
      binaryData: { [EVIDENCE_KEY + GZIP_SUFFIX]: packed(healthy) },
    });
    const results = await Promise.all([
      cli(['judge', await file('plain.yaml', stringify(plain)), '-o', 'json']),
      cli(['judge', await file('gzip.json', JSON.stringify(gzip)), '-o', 'json']),
    ]);
    for (const { code, stdout, stderr } of results) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(stdout)).toMatchObject({ subject: 'bookstore/bookservice-v3', verdict: 'Pass', exitCode: 0 });
    }
  });

  test('gives the verdict of the record where it rests on more than the evidence', async ({ expect }) => {
    const status = {
      verdict: 'Inconclusive',
      summary: 'Inconclusive: live has got worse',
      conditions: [condition('Passed', 'LiveDegraded')],
    };
    const data = { [EVIDENCE_KEY]: healthy, [RECORD_KEY]: JSON.stringify({ ...record, status }) };
    const path = await file('degraded.yaml', stringify(configMap({ data })));
    const replayed = await cli(['judge', path]);
    expect(replayed).toMatchObject({ code: 2, stderr: '' });
    expect(replayed.stdout).toMatch(/^Inconclusive \(LiveDegraded\): live has got worse\n/);
    // What if: then the evidence alone.
    expect(await cli(['judge', path, '--max-loss-percent', '5'])).toMatchObject({ code: 0 });
  });

  test('warns when the replay comes to another verdict than the operator', async ({ expect }) => {
    const status = { verdict: 'Fail', summary: 'Fail: p50 rose', conditions: [condition('Passed', 'Latency')] };
    const data = { [EVIDENCE_KEY]: healthy, [RECORD_KEY]: JSON.stringify({ ...record, status }) };
    const replayed = await cli(['judge', await file('differs.yaml', stringify(configMap({ data })))]);
    expect(replayed).toMatchObject({ code: 0, stderr: 'warning: The operator recorded Fail (Fail: p50 rose)\n' });
  });

  test('asks what other tolerances would have said', async ({ expect }) => {
    const path = await file('v3.json', JSON.stringify(named('V3, 1.2 s slower, Fail')));
    const tolerant = ['p50', 'p95', 'p99'].flatMap((each) => ['--latency', `${each}=2000ms`]);
    expect(await cli(['judge', path, ...tolerant, '--deadline', 'true'])).toMatchObject({
      code: 2,
      stdout: expect.stringMatching(/^Inconclusive \(NotEnoughEvidence\)/),
    });
    const p40 = await cli(['judge', path, '--latency', 'p40=10%']);
    expect(p40).toMatchObject({ code: 3, stdout: '' });
    expect(p40.stderr).toMatch(/p40 cannot be judged: the evidence was gathered for p50, p95/);
  });

  test.for([
    ['nothing', '', /holds no evidence/],
    ['another object', 'kind: Deployment', /holds no evidence; .*kubectl get configmap NAME-evidence/],
    ['broken JSON', '{"apiVersion": ', /is not valid JSON/],
    ['a ConfigMap without evidence', 'kind: ConfigMap\ndata: {}', /has no evidence.json/],
    [
      'a bomb',
      JSON.stringify({ kind: 'ConfigMap', binaryData: { 'evidence.json.gz': packed('0'.repeat(300_000_000)) } }),
      /evidence.json.gz cannot be unpacked/,
    ],
  ] as const)('refuses %s with exit code 3', async ([name, content, message], { expect }) => {
    const path = await file(`refused-${name.replaceAll(' ', '-')}`, content);
    const result = await cli(['judge', path]);
    expect(result).toMatchObject({ code: 3, stdout: '' });
    expect(result.stderr).toMatch(message);
  });
});

/** Same shape and key order, equal strings, and numbers within the tolerance relative to max(1, |expected|). */
function expectClose(actual: unknown, expected: unknown, tolerance: number, path: string): void {
  if (typeof expected === 'number' && typeof actual === 'number') {
    const error = Math.abs(actual - expected) / Math.max(1, Math.abs(expected));
    expect(error, `${path}: ${actual}, expected ${expected}`).toBeLessThanOrEqual(tolerance);
  } else if (typeof expected === 'object' && expected !== null && typeof actual === 'object' && actual !== null) {
    expect(Object.keys(actual), path).toEqual(Object.keys(expected));
    for (const [key, value] of Object.entries(expected)) {
      expectClose(Reflect.get(actual, key), value, tolerance, `${path}.${key}`);
    }
  } else {
    expect(actual, path).toBe(expected);
  }
}
