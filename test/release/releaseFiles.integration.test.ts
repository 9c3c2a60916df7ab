import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { recordAt, recordsAt, stringAt } from '../../src/core/kubernetes/fields.ts';
import { binaries, helmBinary } from '../../tools/binaries.ts';
import { ROOT } from '../docs/documents.ts';
import { read } from '../recipes/recipes.ts';
import { startShell } from '../recipes/shell.ts';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const NAME = 'registry.example.com/owner/repository';
const { version } = JSON.parse(read('package.json'));

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'release-'));
  const { files } = JSON.parse(read('package.json'));
  const copied = files.filter((name: string) => name !== 'dist');
  const more = ['src', 'tools', 'charts', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];
  for (const name of [...copied, ...more, 'LICENSE', 'README.md']) {
    await cp(join(ROOT, name), join(directory, name), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
}, 30_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

/** The script of the workflow's step. */
function scriptOf(name: string): string {
  const steps = recordsAt(recordAt(recordAt(parse(read('.github/workflows/release.yml')), 'jobs'), 'release'), 'steps');
  const script = stringAt(
    steps.find((step) => step.name === name),
    'run',
  );
  if (script === undefined) throw new Error(`the workflow has no step ${name}`);
  return script;
}

test('the files of a release are made as the workflow says', { timeout: 120_000 }, async () => {
  const programs = [binaries().kubectl, helmBinary()].map(dirname).join(delimiter);
  const { PATH = '', HOME = '' } = process.env;
  const environment = { PATH: `${programs}${delimiter}${PATH}`, HOME, NAME, DIGEST };
  const script = scriptOf('Write what is released beside the image');
  const run = await startShell(['bash', '-e', '-c', script], environment, directory).ended;
  expect(run, run.output).toMatchObject({ code: 0 });

  const place = join(directory, 'release');
  const chart = `mirror-experiment-${version}.tgz`;
  const files = await readdir(place);
  expect(files.sort()).toEqual(
    ['SHA256SUMS', 'crds.yaml', 'install.yaml', 'kubectl-mirror.tgz', chart, 'sbom.cdx.json'].sort(),
  );
  const sums = await startShell(['bash', '-c', 'sha256sum --check SHA256SUMS'], environment, place).ended;
  expect(sums, sums.output).toMatchObject({ code: 0 });
  expect((await readFile(join(place, 'SHA256SUMS'), 'utf8')).trimEnd().split('\n')).toHaveLength(files.length - 1);

  const objects = parseAllDocuments(await readFile(join(place, 'install.yaml'), 'utf8')).map((each): unknown =>
    each.toJS(),
  );
  expect(objects.map((each) => stringAt(each, 'kind'))).toEqual(
    expect.arrayContaining(['CustomResourceDefinition', 'Deployment', 'CronJob', 'ClusterRole']),
  );
  const images = [...JSON.stringify(objects).matchAll(/"image":"([^"]*)"/g)].map(([, image]) => image);
  expect(images.length).toBeGreaterThan(1);
  expect(new Set(images)).toEqual(new Set([`${NAME}@${DIGEST}`]));
  expect(parse(await readFile(join(place, 'crds.yaml'), 'utf8'))).toMatchObject({ kind: 'CustomResourceDefinition' });

  const list = async (file: string) =>
    (await promisify(execFile)('tar', ['-tzf', join(place, file)])).stdout.split('\n');
  expect(await list('kubectl-mirror.tgz')).toEqual(
    expect.arrayContaining([
      'package/dist/cli/main.js',
      'package/NOTICE',
      'package/LICENSE',
      'package/deploy/base/deployment.yaml',
    ]),
  );
  expect(await list(chart)).toContain('mirror-experiment/Chart.yaml');
});
