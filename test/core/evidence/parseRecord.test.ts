import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRecord } from '../../../src/core/evidence/parseRecord.ts';
import { RECORD_VERSION } from '../../../src/core/evidence/record.ts';
import { experimentObject } from '../../support/lab.ts';

const record = {
  apiVersion: RECORD_VERSION,
  experiment: { namespace: 'bookstore', name: 'bookservice-v3', uid: 'u', generation: 1 },
  spec: experimentObject('bookservice-v3', 'V3').spec,
  status: { verdict: 'Fail', summary: 'Fail: p50 rose', conditions: [] },
  window: { start: '2026-01-01T00:00:00Z', end: '2026-01-01T00:05:00Z' },
  queries: [{ purpose: 'sums', kql: 'AppRequests | count' }],
  resultCodes: [{ route: 'GET Reviews/Get', live: { '200': 3 }, mirror: { '200': 2, '500': 1 } }],
  trace: {
    seconds: [30, 60],
    gates: [
      {
        route: '(all)',
        gate: 'p50',
        logEvidenceFail: [1, 2],
        logEvidencePass: [0, -1],
        thresholds: { fail: 5, pass: 3 },
      },
    ],
  },
  leftOut: [],
};

test('takes a record, with the defaults of its spec', () => {
  const parsed = parseRecord(record);
  expect(parsed).toMatchObject({ kind: 'record', record: { status: { verdict: 'Fail' }, trace: record.trace } });
  expect(parsed).toMatchObject({ record: { spec: { analysis: { falseAlarmPercent: 5 } } } });
});

test('takes a record of a later version: more fields, more in spec and status', () => {
  const later = {
    ...record,
    cost: 1,
    spec: { ...record.spec, budget: 1 },
    status: { ...record.status, mood: 'good' },
  };
  const parsed = parseRecord(later);
  expect(parsed).toMatchObject({ kind: 'record', record: { status: { verdict: 'Fail' } } });
  expect(JSON.stringify(parsed)).not.toContain('mood');
});

describe('refuses, with the place', () => {
  test.for<[change: object, error: string]>([
    [{ apiVersion: 'v0' }, 'apiVersion: must be "mirroring.dev/record/v1"; it is "v0"'],
    [{ spec: {} }, 'spec: is no MirrorExperiment’s spec'],
    [
      { window: { start: 'soon', end: '2026-01-01T00:05:00Z' } },
      'window.start: must be a time such as 2026-01-31T12:00:00Z; it is "soon"',
    ],
    [
      { resultCodes: [{ route: 'r', live: { '200': -1 }, mirror: {} }] },
      'resultCodes[0].live["200"]: must be at least 0; it is -1',
    ],
    [{ trace: { ...record.trace, seconds: [60, 30] } }, 'trace.seconds: must rise'],
    [
      { trace: { ...record.trace, seconds: [30] } },
      'trace.gates[0].logEvidenceFail: must have as many entries as seconds (1); it has 2',
    ],
  ])('%j', ([change, error]) => {
    const parsed = parseRecord({ ...record, ...change });
    expect(parsed.kind === 'invalid' && parsed.errors.map(({ path, message }) => `${path}: ${message}`)).toContain(
      error,
    );
  });

  test('anything else, without throwing', () => {
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom(...Object.keys(record)), (value, name) => {
        expect(parseRecord(value).kind).toBe('invalid');
        expect(['record', 'invalid']).toContain(parseRecord({ ...record, [name]: value }).kind);
      }),
    );
  });
});
