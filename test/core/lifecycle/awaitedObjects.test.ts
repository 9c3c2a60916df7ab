import { expect, it } from 'vitest';
import type { Condition } from '../../../src/api/conditions.ts';
import { awaitedObjects } from '../../../src/core/lifecycle/awaitedObjects.ts';
import { NAMESPACE } from '../../support/lab.ts';
import { labWorld } from '../../support/labWorld.ts';

const { experiment } = labWorld();
const targets = ['ConfigMap default-sidecar', 'Deployment bookinfo-spa', 'Deployment bookservicemirror'];
const since = { mirroringSince: '2026-01-01T00:00:00Z' };

it.each([
  ['before it has begun', {}, targets],
  ['while copies are compared', since, []],
  ['while it restores', { ...since, verdict: 'Pass' }, targets],
] as const)('%s: %j', (_, status, expected) => {
  const awaited = awaitedObjects({ ...experiment, status });
  expect(awaited.map(({ kind, name }) => `${kind} ${name}`)).toEqual(expected);
  expect(awaited.every(({ namespace }) => namespace === NAMESPACE)).toBe(true);
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
  expect(awaitedObjects({ ...experiment, status })).toEqual([]);
});
