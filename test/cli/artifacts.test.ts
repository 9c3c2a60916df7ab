import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { resourcePath } from '../../src/adapters/kubernetes/objects.ts';
import { type Artifacts, withArtifacts } from '../../src/cli/artifacts.ts';
import type { Reader } from '../../src/cli/clusterEvidence.ts';
import type { Call } from '../../src/cli/command.ts';
import { readExperiment } from '../../src/cli/experimentResult.ts';
import { NAMESPACE, V3 } from '../support/lab.ts';
import { Simulation } from '../support/simulation.ts';

let directory: string;
let warnings: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mirror-artifacts-'));
  warnings = '';
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function callWith(artifacts: string | undefined): Call {
  const terminal = {
    out: async () => {},
    err: (text: string) => {
      warnings += text;
    },
    interactive: false,
    columns: () => 80,
  };
  const input = Readable.from([]);
  const interrupted = new AbortController().signal;
  const values = artifacts === undefined ? {} : { artifacts };
  return { operands: [], values, terminal, environment: {}, input, interrupted, setLastWords: () => {} };
}

const keep = (command: (artifacts: Artifacts) => Promise<unknown>, to: string | undefined = directory) =>
  withArtifacts(callWith(to), 'experiment.yaml', async (artifacts) => {
    await command(artifacts);
    return 0;
  });
const read = (file: string) => readFile(join(directory, file), 'utf8');
const variables = async () =>
  Object.fromEntries((await read('result.env')).split('\n').map((line) => line.split('=') as [string, string]));
/** The file's experiment, as the API server has it. */
const seen = (lab: Simulation) => readExperiment(lab.cluster.get('MirrorExperiment', NAMESPACE, 'x'));
const readerOf = (lab: Simulation): Reader => ({
  api: {
    request: async ({ path }) => {
      const found = lab.cluster
        .list('ConfigMap')
        .find(({ metadata }) => path === resourcePath('', 'v1', 'configmaps', NAMESPACE, metadata.name));
      return found ?? Promise.reject(new Error(`${path}: not found`));
    },
  },
});

async function failed(): Promise<Simulation> {
  const lab = new Simulation();
  lab.telemetry.behaviour = V3;
  lab.apply('x', 'V3');
  await lab.run(() => lab.isComplete('x'));
  return lab;
}

test('a finished experiment leaves its result in every form, and its report', async () => {
  const lab = await failed();
  await writeFile(join(directory, 'mine.txt'), 'mine');
  await keep(async (artifacts) => {
    await artifacts.started({ ...seen(lab), status: {} }, true);
    expect(await variables()).toMatchObject({ MIRROR_VERDICT: 'Running', MIRROR_CLEANUP: 'true' });
    await artifacts.complete(seen(lab), readerOf(lab));
  });
  expect((await readdir(directory)).sort()).toEqual(
    ['junit.xml', 'mine.txt', 'report.html', 'result.env', 'result.json', 'summary.md'].sort(),
  );
  expect(await read('result.env')).toBe(
    `MIRROR_NAMESPACE=${NAMESPACE}\nMIRROR_EXPERIMENT=x\nMIRROR_VERDICT=Fail\nMIRROR_REASON=Latency\nMIRROR_EXIT_CODE=1\nMIRROR_CLEANUP=false\n`,
  );
  expect(JSON.parse(await read('result.json'))).toMatchObject({ verdict: 'Fail', complete: true, exitCode: 1 });
  expect(await read('junit.xml')).toMatch(/<failure message="Latency: Fail: p\d+ of GET Reviews\/Get/);
  // That of `report`, which has more than that of `status`.
  expect(await read('summary.md')).toMatch(/^### ❌ x: Fail \(Latency\)[\s\S]*Requests, live → candidate/);
  expect(await read('report.html')).toMatch(/^<!doctype html>[\s\S]*<title>Fail: x<\/title>/);
  expect(warnings).toBe('');
});

test('without evidence, or with that of another run, there is no report, and a warning that says why', async () => {
  const lab = await failed();
  const nobody: Reader = { api: { request: async () => Promise.reject(new Error('configmaps is forbidden')) } };
  await keep((artifacts) => artifacts.complete(seen(lab), nobody));
  expect(warnings).toMatch(/^warning: no report\.html: configmaps is forbidden\n$/);
  expect(await readdir(directory)).not.toContain('report.html');
  expect(await read('summary.md')).toMatch(/^### ❌ bookstore\/x: Fail \(Latency\)/);
  await keep((artifacts) => artifacts.complete({ ...seen(lab), generation: 2 }, readerOf(lab)));
  expect(warnings).toContain('the ConfigMap x-evidence is of an earlier run (generation 1)');
  expect(await readdir(directory)).not.toContain('report.html');
});

test('a command that ends first tells its exit code, what was seen last, and whether something is left to delete', async () => {
  const lab = new Simulation();
  lab.apply('x', 'V2');
  await lab.run(() => lab.condition('x', 'Passed')?.reason === 'Analysing');
  await keep(async (artifacts) => {
    await artifacts.started({ ...seen(lab), status: {} }, true);
    artifacts.see(seen(lab));
    await artifacts.ended(4, 'not complete within --timeout');
  });
  const ended = { MIRROR_EXPERIMENT: 'x', MIRROR_VERDICT: 'Running', MIRROR_REASON: 'Timeout', MIRROR_EXIT_CODE: '4' };
  expect(await variables()).toMatchObject({ ...ended, MIRROR_CLEANUP: 'true' });
  expect(await read('junit.xml')).toMatch(
    /errors="[1-9]\d*"[\s\S]*<error message="Timeout: not complete within --timeout; the last that was seen is Analysing: /,
  );
  await keep(async (artifacts) => {
    await artifacts.started(seen(lab), true);
    await artifacts.ended(130, 'interrupted');
    await artifacts.released();
  });
  expect(await variables()).toMatchObject({ MIRROR_REASON: 'Interrupted', MIRROR_CLEANUP: 'false' });
});

test('an error is kept and thrown on; nothing of an earlier run is left', async () => {
  const lab = await failed();
  await keep((artifacts) => artifacts.complete(seen(lab), readerOf(lab)));
  const hostile = 'no $(reboot) `here`\nMIRROR_VERDICT=Pass';
  await expect(keep(() => Promise.reject(new Error(hostile)))).rejects.toThrow(hostile);
  expect((await readdir(directory)).sort()).toEqual(['junit.xml', 'result.env', 'result.json', 'summary.md']);
  expect(await read('result.env')).toBe(
    'MIRROR_NAMESPACE=\nMIRROR_EXPERIMENT=\nMIRROR_VERDICT=Inconclusive\nMIRROR_REASON=Error\nMIRROR_EXIT_CODE=3\nMIRROR_CLEANUP=false\n',
  );
  expect(JSON.parse(await read('result.json'))).toMatchObject({ subject: 'experiment.yaml', summary: hostile });
});

test('what a shell could take for more than a value does not get into the variables', async () => {
  const lab = await failed();
  const experiment = seen(lab);
  const conditions = experiment.status.conditions?.map((each) => ({ ...each, reason: '$(reboot)' })) ?? [];
  const changed = { ...experiment, status: { ...experiment.status, conditions } };
  await keep((artifacts) => artifacts.complete(changed, readerOf(lab)));
  expect(await variables()).toMatchObject({ MIRROR_VERDICT: 'Fail', MIRROR_REASON: '' });
});

test('a directory that cannot be written is an error before anything is run; later it is a warning while the run goes on', async () => {
  const lab = await failed();
  await writeFile(join(directory, 'file'), '');
  let ran = false;
  const command = async () => {
    ran = true;
  };
  await expect(keep(command, join(directory, 'file'))).rejects.toThrow(/--artifacts .*file: cannot be written: /);
  await expect(keep(command, '')).rejects.toThrow('--artifacts must not be empty');
  expect(ran).toBe(false);
  const gone = join(directory, 'gone');
  const breaking = keep(async (artifacts) => {
    await rm(gone, { recursive: true });
    await artifacts.started(seen(lab), true);
    await artifacts.ended(130, 'interrupted');
    expect(warnings).toMatch(/^(warning: .*gone.*: cannot be written: .*\n){2}$/);
    await artifacts.complete(seen(lab), readerOf(lab));
  }, gone);
  await expect(breaking).rejects.toThrow(/report\.html: cannot be written/);
});

test('without --artifacts nothing is written', async () => {
  const lab = await failed();
  await withArtifacts(callWith(undefined), 'x', async (artifacts) => {
    await artifacts.started(seen(lab), true);
    await artifacts.complete(seen(lab), readerOf(lab));
    return 0;
  });
  expect(await readdir(directory)).toEqual([]);
});
