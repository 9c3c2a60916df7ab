import { expect, it } from 'vitest';
import type { Condition } from '../../../src/api/conditions.ts';
import { awaitsChange } from '../../../src/core/lifecycle/awaitsChange.ts';
import { NAMESPACE } from '../../support/lab.ts';
import { labWorld } from '../../support/labWorld.ts';

const { experiment } = labWorld();
const ref = { kind: 'Deployment', namespace: NAMESPACE, name: 'bookservicemirror' } as const;
const since = { mirroringSince: '2026-01-01T00:00:00Z' };

it.each([
  ['before it has begun', {}, true],
  ['while copies are compared', since, false],
  ['while it restores', { ...since, verdict: 'Pass' }, true],
] as const)('%s: %j', (_, status, expected) => {
  expect(awaitsChange({ ...experiment, status }, ref)).toBe(expected);
  expect(awaitsChange({ ...experiment, status }, { ...ref, name: 'another' })).toBe(false);
  expect(awaitsChange({ ...experiment, status }, { ...ref, namespace: 'elsewhere' })).toBe(false);
});

it('not when it has ended', () => {
  const complete: Condition = {
    type: 'Complete',
    status: 'True',
    reason: 'Finished',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
    observedGeneration: experiment.generation,
  };
  const status = { observedGeneration: experiment.generation, verdict: 'Pass' as const, conditions: [complete] };
  expect(awaitsChange({ ...experiment, status }, ref)).toBe(false);
});
