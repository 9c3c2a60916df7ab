import { expect, test } from 'vitest';
import { createReport, formatTable, seconds, succeeded } from '../../e2e/report.ts';

test('a run has succeeded when something was checked and nothing failed', () => {
  const said: string[] = [];
  const report = createReport((line) => said.push(line));
  report.figure('time', '1.0 s');
  expect(succeeded(report.entries)).toBe(false);
  report.check('verdict', true, 'Pass');
  expect(succeeded(report.entries)).toBe(true);
  report.check('restored', false, '- a\n+ b | c');
  report.check('traffic', true, 'none failed');
  expect(succeeded(report.entries)).toBe(false);
  expect(said).toEqual([
    'time: 1.0 s',
    'ok: verdict: Pass',
    'NOT OK: restored: - a\n+ b | c',
    'ok: traffic: none failed',
  ]);
  expect(formatTable(report.entries).split('\n')).toEqual([
    '| what | | seen |',
    '|---|---|---|',
    '| time |  | 1.0 s |',
    '| verdict | ok | Pass |',
    '| restored | NOT OK | - a + b \\| c |',
    '| traffic | ok | none failed |',
  ]);
});

test('a time is a difference, also a negative one, and unknown where a moment is', () => {
  const [early, late] = [new Date(1000), new Date(3540)];
  expect([seconds(early, late), seconds(late, early), seconds(undefined, late), seconds(early, undefined)]).toEqual([
    '2.5 s',
    '-2.5 s',
    '–',
    '–',
  ]);
});
