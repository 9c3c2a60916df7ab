import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits, type PodView, planRollout, type RolloutStrategy } from '../../../demo/node/rollout.ts';

const rolling = (maxSurge: number | string, maxUnavailable: number | string): RolloutStrategy => ({
  type: 'RollingUpdate',
  maxSurge,
  maxUnavailable,
});
const pod = (name: string, state: 'ready' | 'starting', updated: boolean): PodView => ({
  name,
  updated,
  ready: state === 'ready',
  available: state === 'ready',
});

describe('planRollout', () => {
  it('makes the first pods at once, and none more while they start', () => {
    expect(planRollout(3, rolling(1, 0), [], 0)).toEqual({ create: 3, remove: [] });
    const starting = ['a', 'b', 'c'].map((name) => pod(name, 'starting', true));
    expect(planRollout(3, rolling(1, 0), starting, 0)).toEqual({ create: 0, remove: [] });
  });

  it('takes an old pod out only when a new one serves', () => {
    const old = pod('old', 'ready', false);
    expect(planRollout(1, rolling(1, 0), [old], 0)).toEqual({ create: 1, remove: [] });
    expect(planRollout(1, rolling(1, 0), [old, pod('new', 'starting', true)], 0)).toEqual({ create: 0, remove: [] });
    expect(planRollout(1, rolling(1, 0), [old, pod('new', 'ready', true)], 0)).toEqual({ create: 0, remove: ['old'] });
  });

  it('removes the surplus that serves least, and everything at 0', () => {
    const pods = [pod('a', 'ready', true), pod('b', 'starting', true), pod('c', 'ready', false)];
    expect(planRollout(1, rolling(1, 0), pods, 0)).toEqual({ create: 0, remove: ['b', 'c'] });
    expect([...planRollout(0, rolling(1, 0), pods, 0).remove].sort()).toEqual(['a', 'b', 'c']);
  });

  it('Recreate ends the old pods before it makes new ones', () => {
    const recreate: RolloutStrategy = { ...rolling(1, 0), type: 'Recreate' };
    expect(planRollout(2, recreate, [pod('old', 'ready', false)], 0)).toEqual({ create: 0, remove: ['old'] });
    expect(planRollout(2, recreate, [], 1)).toEqual({ create: 0, remove: [] });
    expect(planRollout(2, recreate, [], 0)).toEqual({ create: 2, remove: [] });
  });

  const world = fc.record({
    desired: fc.integer({ min: 0, max: 6 }),
    surge: fc.integer({ min: 0, max: 3 }),
    unavailable: fc.integer({ min: 0, max: 3 }),
    old: fc.integer({ min: 0, max: 6 }),
    order: fc.array(fc.nat(), { minLength: 200, maxLength: 200 }),
  });

  it('from any start it ends with the wanted pods, within the surge, and never serves with fewer than allowed', () => {
    fc.assert(
      fc.property(world, ({ desired, surge, unavailable, old, order }) => {
        const strategy = rolling(surge, unavailable);
        const allowed = limits(desired, strategy);
        let pods = Array.from({ length: old }, (_, index) => pod(`old-${index}`, 'ready', false));
        let made = 0;
        for (const turn of order) {
          const before = pods.filter(({ available }) => available).length;
          const plan = planRollout(desired, strategy, pods, 0);
          pods = pods.filter(({ name }) => !plan.remove.includes(name));
          for (let index = 0; index < plan.create; index += 1) pods.push(pod(`new-${made++}`, 'starting', true));
          if (plan.create > 0) expect(pods.length).toBeLessThanOrEqual(Math.max(desired + allowed.surge, old));
          const after = pods.filter(({ available }) => available).length;
          expect(after).toBeGreaterThanOrEqual(Math.min(before, desired - allowed.unavailable));
          // One of the pods that start becomes ready.
          const starting = pods.filter(({ ready }) => !ready);
          const lucky = starting[turn % Math.max(1, starting.length)];
          pods = pods.map((view) => (view === lucky ? pod(view.name, 'ready', true) : view));
        }
        expect(pods.length).toBe(desired);
        expect(pods.every(({ updated, available }) => updated && available)).toBe(true);
      }),
    );
  });
});

describe('limits', () => {
  it('rounds percentages as Kubernetes does, and lets one of the two be at least 1', () => {
    expect(limits(1, rolling('25%', '25%'))).toEqual({ surge: 1, unavailable: 0 });
    expect(limits(10, rolling('25%', '25%'))).toEqual({ surge: 3, unavailable: 2 });
    expect(limits(4, rolling(0, 0))).toEqual({ surge: 0, unavailable: 1 });
    expect(() => limits(1, rolling('many', 0))).toThrow('"many"');
  });
});
