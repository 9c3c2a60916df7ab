import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { EVIDENCE_KEY, GZIP_SUFFIX, RECORD_KEY } from '../../src/core/evidence/record.ts';
import { testCluster, testNamespace } from '../support/apiServer.ts';
import { cli } from '../support/cli.ts';
import { experiment } from '../support/experiments.ts';
import { kubectl } from '../support/kubectl.ts';
import { labFixture, type ReportFixture } from '../support/reportFixtures.ts';

let directory: string;
let v3: ReportFixture;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubectl-mirror-report-'));
  v3 = await labFixture('V3');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** The ConfigMap as the operator writes it; the record compressed, as a large one is. */
function configMap({ evidence, record }: ReportFixture, name = `${record.experiment.name}-evidence`): object {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    data: { [EVIDENCE_KEY]: JSON.stringify(evidence) },
    binaryData: { [`${RECORD_KEY}${GZIP_SUFFIX}`]: gzipSync(JSON.stringify(record)).toString('base64') },
  };
}

async function written(name: string, content: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

describe('report FILE', () => {
  test('writes a page, replaces it, and leaves another file alone unless --force', async () => {
    const file = await written('evidence.yaml', stringify(configMap(v3)));
    const out = join(directory, 'page.html');
    const first = await cli(['report', file, '--out', out]);
    expect(first).toEqual({ code: 0, stdout: `${out}\n`, stderr: '' });
    expect(await readFile(out, 'utf8')).toMatch(
      /^<!doctype html>[\s\S]*<title>Fail: bookservice-v3<\/title>[\s\S]*<\/html>\n$/,
    );
    expect(await cli(['report', file, '--out', out])).toMatchObject({ code: 0 });

    await writeFile(out, 'mine');
    const refused = await cli(['report', file, '--out', out]);
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    expect(refused.stderr).toMatch(/page\.html exists and is no report: give --force/);
    expect(await readFile(out, 'utf8')).toBe('mine');
    expect(await cli(['report', file, '--out', out, '--force'])).toMatchObject({ code: 0 });
    expect(await readFile(out, 'utf8')).toMatch(/^<!doctype html>/);
    expect((await readdir(directory)).filter((name) => name.includes('partial'))).toEqual([]);
  });

  test('writes markdown, and a page when asked, to standard output', async () => {
    const file = await written('stdout.json', JSON.stringify(configMap(v3)));
    const markdown = await cli(['report', file, '-o', 'markdown']);
    expect(markdown).toMatchObject({ code: 0, stderr: '' });
    expect(markdown.stdout).toMatch(/^### ❌ bookservice-v3: Fail \(Latency\)/);
    expect((await cli(['report', file, '--out', '-'])).stdout).toMatch(/^<!doctype html>/);
  });

  test('says what it needs when the record is missing, or the file, or the directory', async () => {
    const alone = await written('alone.json', JSON.stringify(v3.evidence));
    const cases: [string[], RegExp][] = [
      [[alone], /holds the evidence without its record, which a report needs; give the whole ConfigMap/],
      [[join(directory, 'none.yaml')], /none\.yaml: cannot be read/],
      [
        [await written('good.json', JSON.stringify(configMap(v3))), '--out', join(directory, 'no', 'x.html')],
        /cannot be written/,
      ],
      [[alone, '-o', 'pdf'], /--output pdf: must be html, markdown/],
    ];
    for (const [args, message] of cases) {
      const result = await cli(['report', ...args]);
      expect(result).toMatchObject({ code: 3, stdout: '' });
      expect(result.stderr).toMatch(message);
    }
  });
});

describe('report NAME', () => {
  const cluster = testCluster();
  let namespace: string;
  beforeAll(async () => {
    namespace = await testNamespace();
  });

  async function create(object: object): Promise<void> {
    const input = JSON.stringify(object);
    const result = await kubectl(cluster.kubeconfig, ['create', '-n', namespace, '-f', '-'], { input });
    expect(result).toMatchObject({ code: 0 });
  }

  const report = (name: string) =>
    cli(['report', name, '-n', namespace, '--out', join(directory, `${name}.html`)], {
      kubeconfig: cluster.kubeconfig,
    });

  test('reads the ConfigMap, also when the experiment is gone, and says when it is of an earlier run', async () => {
    await create(configMap(v3, 'gone-evidence'));
    expect(await report('gone')).toMatchObject({ code: 0, stderr: '' });
    expect(await readFile(join(directory, 'gone.html'), 'utf8')).toContain('<title>Fail: bookservice-v3</title>');
    await create(experiment('gone'));
    const again = await report('gone');
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).toMatch(/warning: the evidence is of an earlier run \(generation 1\) of gone/);
  });

  test('says whether an experiment without evidence has not finished, or has none, or is not there', async () => {
    await create(experiment('running'));
    expect(await report('running')).toMatchObject({ code: 3, stdout: '' });
    expect((await report('running')).stderr).toMatch(/has not finished \(Waiting\), .*kubectl mirror wait running/);

    await create(experiment('finished'));
    const times = { message: 'x', lastTransitionTime: '2026-01-01T00:00:00Z', observedGeneration: 1 };
    const conditions = [
      { type: 'Passed', status: 'True', reason: 'WithinTolerance', ...times },
      { type: 'Complete', status: 'True', reason: 'Finished', ...times },
    ];
    const patch = JSON.stringify({ status: { verdict: 'Pass', conditions } });
    const args = ['patch', 'mexp/finished', '-n', namespace, '--subresource=status', '--type=merge', '-p', patch];
    expect(await kubectl(cluster.kubeconfig, args)).toMatchObject({ code: 0 });
    expect((await report('finished')).stderr).toMatch(/has finished \(Pass\) without one/);

    expect((await report('nobody')).stderr).toMatch(/there is no MirrorExperiment nobody in the namespace/);
  });
});
