import { expect, test } from 'vitest';
import { METRICS } from '../../src/adapters/observability/metricDefinitions.ts';
import { withMetricsTable } from '../../tools/generateMetricsTable.ts';
import { readDocument } from './documents.ts';

const page = readDocument('docs/operations.md');

test('the table of metrics is that of the operator', () => {
  expect(page.text, 'docs/operations.md is stale: run npm run generate').toBe(withMetricsTable(page.text));
});

test('a changed metric changes the table', () => {
  const more = {
    ...METRICS,
    mirror_experiment_colours: { type: 'gauge' as const, help: 'Colours', labels: { hue: 'red | blue' } },
  };
  expect(withMetricsTable(page.text, more)).toContain(
    '| `mirror_experiment_colours` | gauge | Colours | `hue`: red \\| blue |',
  );
});

test('metrics that documents name exist', () => {
  const named = [...page.text.matchAll(/`(mirror_experiment_\w+)`/g)].map(([, name = '']) => name);
  expect(named.filter((name) => !Object.hasOwn(METRICS, name))).toEqual([]);
  expect(named.length).toBeGreaterThan(20);
});
