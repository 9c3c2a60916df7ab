import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { testCluster, testNamespace } from '../support/apiServer.ts';
import { kubectl } from '../support/kubectl.ts';
import { codeBlocks, documents, ROOT, readDocument } from './documents.ts';

let namespace: string;
beforeAll(async () => {
  namespace = await testNamespace();
});

const KIND = /^kind: MirrorExperiment$/m;
const blocks = documents()
  .flatMap(codeBlocks)
  .filter(({ language, code }) => language === 'yaml' && KIND.test(code))
  .map(({ path, line, code }) => [`${path}:${line}`, code] as const);
const examples = globSync('examples/*.yaml', { cwd: ROOT })
  .sort()
  .map((path) => [path, readFileSync(join(ROOT, path), 'utf8')] as const);

/** As it stands, but in a namespace that is there. */
function apply(text: string) {
  const moved = text.replace(/^ {2}namespace: .*$/m, `  namespace: ${namespace}`);
  return kubectl(testCluster().kubeconfig, ['apply', '--dry-run=server', '-n', namespace, '-f', '-'], { input: moved });
}

describe('the API server takes', () => {
  test.for([...examples, ...blocks])('%s', async ([, text]) => {
    expect(KIND.test(text)).toBe(true);
    expect(await apply(text)).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining('created (server dry run)'),
    });
  });

  test('not everything: a misspelt field is refused', async () => {
    const [[, lab] = ['', '']] = examples.filter(([path]) => path.endsWith('lab.yaml'));
    expect(await apply(lab.replace('liveCluster:', 'liveclaster:'))).toMatchObject({ code: 1 });
  });
});

test('the README shows the example of the lab', () => {
  const shown = codeBlocks(readDocument('README.md')).find(({ language }) => language === 'yaml');
  expect(parse(shown?.code ?? '')).toEqual(parse(readFileSync(join(ROOT, 'examples/lab.yaml'), 'utf8')));
});

test('the demo runs the example of the lab with other times', () => {
  const text = readFileSync(join(ROOT, 'demo/lab/experiment.yaml'), 'utf8')
    .replaceAll('__LOWER__', 'v3')
    .replaceAll('__VERSION__', 'V3')
    .replaceAll('__WORKSPACE__', '00000000-0000-0000-0000-000000000000');
  const { spec, ...demo } = parse(text);
  const { analysis: _, ...same } = spec;
  expect({ ...demo, spec: same }).toEqual(parse(readFileSync(join(ROOT, 'examples/lab.yaml'), 'utf8')));
});

test('every example is listed in the documentation', () => {
  const { text } = readDocument('docs/README.md');
  for (const [path] of examples) expect(text).toContain(`(../${path})`);
});
