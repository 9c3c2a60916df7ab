import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readSettings } from '../../src/settings.ts';

const file = new URL('../../deploy/deployment.yaml', import.meta.url);
const { spec } = parse(await readFile(file, 'utf8'));
const pod = spec.template.spec;
const [operator] = pod.containers;
const env: Record<string, string> = Object.fromEntries(
  operator.env.map(({ name, value }: { name: string; value: string }) => [name, value]),
);

test('the operator takes the settings of the Deployment', () => {
  // Flags must be known, so the environment is given as flags: a misspelt variable would be ignored.
  const flags = Object.entries(env).map(([name, value]) => `--${name.toLowerCase().replaceAll('_', '-')}=${value}`);
  const settings = readSettings(flags, {});
  expect(settings).toEqual(readSettings([], env));
  expect(settings.healthPort).toBe(operator.ports[0].containerPort);
  expect(settings.allowedSources).toEqual({ '*': ['*'] });
});

test('work in hand can end before the pod is killed', () => {
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(readSettings([], env).shutdownGraceSeconds);
});

test('there is never a second operator beside the first', () => {
  expect(spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
});

test('the operator cannot write to its file system', () => {
  expect(operator.securityContext.readOnlyRootFilesystem).toBe(true);
});

test('the probes ask what the operator answers', () => {
  const paths = ['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) => operator[probe].httpGet.path);
  expect(paths).toEqual(['/livez', '/livez', '/readyz']);
});
