import { expect, it } from 'vitest';
import type { World } from '../../../src/core/lifecycle/world.ts';
import { V3 } from '../../support/lab.ts';
import { Simulation } from '../../support/simulation.ts';

/** A world with a window that shows a candidate as far too slow: the decision is to read it once more. */
async function slowCandidate() {
  const lab = new Simulation();
  lab.telemetry.behaviour = V3;
  lab.apply('x', 'V3');
  const { decide } = lab;
  let seen: World | undefined;
  lab.decide = (world) => {
    const decision = decide(world);
    if (decision.next.kind === 'ask' && decision.next.ask.what === 'confirm') seen ??= world;
    return decision;
  };
  await lab.run(() => seen !== undefined);
  if (seen === undefined) throw new Error('nothing was read');
  return { world: seen, decide };
}

it('a window is judged anew when anything else that its verdict rests on has changed', async () => {
  const { world, decide } = await slowCandidate();
  const asks = { kind: 'ask', ask: expect.objectContaining({ what: 'confirm' }) };
  expect(decide(world).next).toMatchObject(asks);

  const { spec } = world.experiment;
  const latency = spec.analysis.latency.map((each) => ({ ...each, maxIncreaseMilliseconds: 60_000 }));
  const tolerant = { ...spec, analysis: { ...spec.analysis, latency } };
  expect(decide({ ...world, experiment: { ...world.experiment, spec: tolerant } }).next.kind).toBe('wait');
  expect(decide(world).next).toMatchObject(asks);
});

it('a window that has been judged is not read again for the same decision', async () => {
  const { world, decide } = await slowCandidate();
  const { read } = world.answers;
  if (read?.ok !== true) throw new Error('nothing was read');
  let reads = 0;
  const samples = { ...read.value.samples };
  Object.defineProperty(samples, 'routes', {
    get: () => {
      reads += 1;
      return read.value.samples.routes;
    },
  });
  const watched = { ...world, answers: { ...world.answers, read: { ...read, value: { ...read.value, samples } } } };
  const first = decide(watched);
  const once = reads;
  expect(decide(watched)).toEqual(first);
  // Only whether the versions are silent is looked up anew.
  expect(reads - once).toBeLessThan(once);
});
