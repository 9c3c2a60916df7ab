import { describe, expect, it } from 'vitest';
import { CONDITIONS } from '../../../src/api/reasons.ts';
import type { KubernetesObject } from '../../../src/core/kubernetes/object.ts';
import { reasonLabel, STAGES, standingOf } from '../../../src/core/status/stage.ts';
import { V2 } from '../../support/lab.ts';
import { Simulation } from '../../support/simulation.ts';

const object = (status?: unknown, metadata = {}): KubernetesObject => ({
  ...{ apiVersion: 'mirroring.dev/v1alpha1', kind: 'MirrorExperiment' },
  metadata: { name: 'x', namespace: 'shop', uid: '1', resourceVersion: '1', ...metadata },
  ...(status !== undefined && { status }),
});
const passed = (reason: string) => ({ conditions: [{ type: 'Passed', status: 'Unknown', reason }] });

describe('the stage', () => {
  it.each([
    ['New', undefined],
    ['New', {}],
    ['New', passed('SomethingOfALaterVersion')],
    ['New', { conditions: 'not a list' }],
    ['Waiting', passed('Waiting')],
    ['Analysing', passed('Analysing')],
    ['Restoring', { verdict: 'Fail', ...passed('Latency') }],
    ['Finished', { verdict: 'Pass', completionTime: '2026-01-01T00:00:00Z' }],
  ])('is %s with the status %j', (stage, status) => {
    expect(standingOf(object(status)).stage).toBe(stage);
  });

  it('is Deleting when the experiment is, whatever its status says', () => {
    const deleted = object({ completionTime: 't' }, { deletionTimestamp: '2026-01-01T00:00:00Z' });
    expect(standingOf(deleted).stage).toBe('Deleting');
  });

  it('goes through the stages of a run in their order', async () => {
    const lab = new Simulation();
    lab.telemetry.behaviour = V2;
    lab.telemetry.requestsPerBlock = 600;
    lab.apply('x', 'V2');
    const seen: string[] = [];
    const look = () => {
      const { stage } = standingOf(object(lab.status('x')));
      if (seen.at(-1) !== stage) seen.push(stage);
      return lab.isComplete('x');
    };
    await lab.run(look);
    look();
    const order = Object.keys(STAGES);
    expect(seen).toEqual([...seen].sort((a, b) => order.indexOf(a) - order.indexOf(b)));
    expect(seen).toEqual(expect.arrayContaining(['WarmingUp', 'Analysing', 'Finished']));
  });
});

it('the share is that of the status, and none before', () => {
  expect(standingOf(object()).mirroredPercent).toBe(0);
  expect(standingOf(object({ percent: 25 })).mirroredPercent).toBe(25);
});

it('a doubt whether copies still flow is told by its reason, and only while it is one', () => {
  const mirroring = (status: string, reason: string) => object({ conditions: [{ type: 'Mirroring', status, reason }] });
  expect(standingOf(mirroring('Unknown', 'RestoreConflict')).unrestored).toBe('RestoreConflict');
  expect(standingOf(mirroring('Unknown', 'Ramping')).unrestored).toBeUndefined();
  expect(standingOf(mirroring('False', 'RestoreConflict')).unrestored).toBeUndefined();
});

it('a verdict that is none of the three is no verdict', () => {
  expect(standingOf(object({ verdict: 'Perhaps' })).verdict).toBeUndefined();
  expect(standingOf(object({ verdict: 'Inconclusive' })).verdict).toBe('Inconclusive');
});

it('reasons as labels are those that are documented, and Other', () => {
  expect(Object.keys(CONDITIONS.Passed).map(reasonLabel)).toEqual(Object.keys(CONDITIONS.Passed));
  expect([undefined, 'x', 'toString', ''].map(reasonLabel)).toEqual(['Other', 'Other', 'Other', 'Other']);
});
