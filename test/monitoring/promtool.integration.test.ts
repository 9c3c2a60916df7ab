import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { hasPrometheus, noPrometheus, promtool } from '../support/prometheus.ts';
import { alertGroups } from './queries.ts';

type Groups = ReturnType<typeof alertGroups>;

/** A folder with rules, and what promtool says of them. */
async function check(groups: Groups) {
  const folder = await mkdtemp(join(tmpdir(), 'rules-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'rules.yaml'), JSON.stringify(groups));
  await copyFile(join(import.meta.dirname, 'alerts.promtool.yaml'), join(folder, 'tests.yaml'));
  return {
    rules: await promtool(['check', 'rules', '--lint=all', '--lint-fatal', 'rules.yaml'], folder),
    tests: await promtool(['test', 'rules', 'tests.yaml'], folder),
  };
}

/** The rules with something of them replaced. */
const changed = (from: string, to: string): Groups => {
  const text = JSON.stringify(alertGroups());
  if (!text.includes(from)) throw new Error(`the rules do not hold ${from}`);
  return JSON.parse(text.replace(from, to));
};

test('promtool finds nothing wrong with the rules, and each alert fires when it has to and not when it need not', async ({
  skip,
}) => {
  if (!hasPrometheus) skip(noPrometheus);
  const { rules, tests } = await check(alertGroups());
  expect(rules, rules.output).toMatchObject({ code: 0 });
  expect(tests, tests.output).toMatchObject({ code: 0 });
}, 60_000);

test('promtool finds what is no PromQL', async ({ skip }) => {
  if (!hasPrometheus) skip(noPrometheus);
  const { rules } = await check(changed('max(mirror_experiment_leader) == 0', 'max(mirror_experiment_leader == 0'));
  expect(rules.code).toBe(1);
}, 60_000);

test.for([
  ['max(mirror_experiment_leader) == 0', 'min(mirror_experiment_leader) == 0'],
  ['> 0.1', '> 0.3'],
  ['Conflict|Canceled', 'Canceled'],
  ['> 900', '> 90000'],
  ['code=\\"403\\"', 'code=\\"200\\"'],
  ['and on (job, instance) mirror_experiment_build_info', ''],
] as const)('the cases notice when %s becomes %s', { timeout: 60_000 }, async ([from, to], { skip }) => {
  if (!hasPrometheus) skip(noPrometheus);
  const { tests } = await check(changed(from, to));
  expect(tests.code).toBe(1);
  expect(tests.output).toContain('FAILED');
});
