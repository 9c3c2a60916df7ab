import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { METRICS } from '../../src/adapters/observability/metricDefinitions.ts';
import { anchors, readDocument } from '../docs/documents.ts';
import { alerts, dashboardQueries, panels } from './queries.ts';

const queries = [...alerts().map(({ alert, expr }) => ({ name: alert, expr })), ...dashboardQueries()];

/** What Prometheus's own grammar finds: the places of errors, the metrics and the labels that are asked for. */
function analyse(expr: string): { errors: number[]; metrics: string[]; labels: string[] } {
  const found = { errors: [] as number[], metrics: [] as string[], labels: [] as string[] };
  parser.parse(expr).iterate({
    enter: ({ type, from, to, node }) => {
      const text = expr.slice(from, to);
      if (type.isError) found.errors.push(from);
      else if (type.name === 'Identifier' && node.parent?.name === 'VectorSelector') found.metrics.push(text);
      else if (type.name === 'LabelName') found.labels.push(text);
    },
  });
  return found;
}

test.for([
  ['sum(rate(a[5m]))', 0],
  ['sum(rate(a[5m])', 1],
  ['a{b="c"', 1],
  ['sum by a', 1],
] as const)('the grammar tells right from wrong: %s', ([expr, least]) => {
  expect(analyse(expr).errors.length).toBeGreaterThanOrEqual(least);
  if (least === 0) expect(analyse(expr).errors).toEqual([]);
});

test('there are alerts and a dashboard', () => {
  expect(alerts().length).toBeGreaterThan(10);
  expect(dashboardQueries().length).toBeGreaterThan(30);
});

test.for(queries.map(({ name, expr }) => [name, expr] as const))(
  'the query of %s is PromQL over metrics that exist',
  ([, expr]) => {
    const { errors, metrics, labels } = analyse(expr);
    expect(errors).toEqual([]);
    expect(metrics.length).toBeGreaterThan(0);
    const bases = metrics.map((name) => name.replace(/_(bucket|sum|count)$/, ''));
    const own = bases.map((base, index) =>
      Object.entries(METRICS).find(([name]) => name === base || name === metrics[index]),
    );
    for (const [index, name] of metrics.entries()) {
      if (!/^(process|nodejs)_/.test(name)) expect(own[index]?.[0], name).toBeDefined();
      if (own[index]?.[1].type === 'histogram') expect(name).toMatch(/_(bucket|sum|count)$/);
    }
    const known = new Set(['job', 'instance', 'le', ...own.flatMap((each) => Object.keys(each?.[1].labels ?? {}))]);
    expect(labels.filter((label) => !known.has(label))).toEqual([]);
  },
);

describe('alerts', () => {
  const { tests }: { tests: { alert_rule_test: { alertname: string; exp_alerts?: object[] }[] }[] } = parse(
    readFileSync(join(import.meta.dirname, 'alerts.promtool.yaml'), 'utf8'),
    { merge: true },
  );
  const cases = tests.flatMap(({ alert_rule_test }) => alert_rule_test);
  const page = readDocument('docs/operations.md');

  test.for(alerts().map((rule) => [rule.alert, rule] as const))(
    '%s says what is wrong and where it says what to do',
    ([name, rule]) => {
      expect(name).toMatch(/^MirrorExperiment[A-Z]/);
      expect(['critical', 'warning']).toContain(rule.labels.severity);
      expect(rule.annotations.summary).toMatch(/\.$/);
      expect(rule.annotations.description).toMatch(/\.$/);
      expect(rule.annotations.runbook).toBe(`docs/operations.md#${name.toLowerCase()}`);
      expect(anchors(page)).toContain(name.toLowerCase());
      // A case that fires and one that does not, for promtool.
      expect(cases.some(({ alertname, exp_alerts }) => alertname === name && exp_alerts !== undefined)).toBe(true);
      expect(cases.some(({ alertname, exp_alerts }) => alertname === name && exp_alerts === undefined)).toBe(true);
    },
  );

  test('are all that the page describes', () => {
    const described = [...page.text.matchAll(/^### (MirrorExperiment\w+)$/gm)].map(([, name]) => name);
    expect(described).toEqual(alerts().map(({ alert }) => alert));
  });
});

describe('the dashboard', () => {
  test('says of every panel what it shows, in which unit', () => {
    for (const { type, title, description, fieldConfig, targets = [] } of panels().filter(
      ({ type }) => type !== 'row',
    )) {
      expect(['timeseries', 'stat'], title).toContain(type);
      expect(description, title).toMatch(/\.$/);
      expect(fieldConfig?.defaults.unit, title).toBeDefined();
      expect(targets.length, title).toBeGreaterThan(0);
    }
  });

  test('has room for every panel', () => {
    const all = panels();
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const cells = all.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...all.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
  });
});
