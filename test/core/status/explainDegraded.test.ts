import { describe, expect, it } from 'vitest';
import { explainDegraded } from '../../../src/core/status/explainDegraded.ts';
import { liveFigures } from '../../../src/core/status/liveFigures.ts';
import { guardLive } from '../../../src/core/verdict/liveGuard.ts';
import { blockOf, GUARD_DEFAULTS, routeOf } from '../../support/liveSimulation.ts';
import { seededRandom } from '../../support/random.ts';

const random = seededRandom(5);
const blocks = (median: number, errors: number) =>
  Array.from({ length: 20 }, () => blockOf(300, { factor: 1, errors, median }, random));
const judge = (...routes: ReturnType<typeof routeOf>[]) =>
  guardLive({ routes, queries: [] }, { ...GUARD_DEFAULTS, stretch: 1 });

function explain(...routes: ReturnType<typeof routeOf>[]): string {
  const { worst } = judge(...routes);
  if (worst === undefined) throw new Error('nothing has got worse');
  return explainDegraded(worst, GUARD_DEFAULTS);
}

describe('live that has got worse is told', () => {
  const steady = routeOf('GET Books/Get', blocks(100, 0), blocks(100, 0));

  it('with the rise, both values and what was tolerated', () => {
    const slow = routeOf('GET Reviews/Get', blocks(400, 0), blocks(1200, 0));
    expect(explain(slow)).toMatch(
      /^p50 of live’s GET Reviews\/Get rose 8\d\d ms \((39|40)\d → 1,[12]\d\d; tolerated (99|100|101)\) since its requests are copied, after [56],\d\d\d requests$/,
    );
    expect(explain(routeOf('GET Books/Get', blocks(100, 0), blocks(100, 0.2)))).toMatch(
      /^errors of live’s GET Books\/Get rose \d\d(\.\d+)? percentage points \(0 % → \d\d(\.\d+)? %; tolerated 1\) since its requests are copied, after/,
    );
    expect(explain(steady, slow)).toMatch(/^p\d\d of live(’s GET Reviews\/Get)? rose/);
  });

  it('with figures that there are, and none that there are not', () => {
    const window = { start: 0, switchOn: 600_000, from: 600_000, end: 1_200_000, stretch: 1 };
    const figures = liveFigures(judge(routeOf('a', blocks(100, 0.5), [])).all, window, GUARD_DEFAULTS.latency);
    expect(figures.before).toMatchObject({ from: '1970-01-01T00:00:00Z', to: '1970-01-01T00:10:00Z' });
    expect(figures.before?.errorsPercent).toBeCloseTo(50, -1);
    expect(figures.before?.latency?.map(({ percentile }) => percentile)).toEqual([50, 95]);
    expect(figures.since).toEqual({
      from: '1970-01-01T00:10:00Z',
      to: '1970-01-01T00:20:00Z',
      requests: 0,
      latency: [],
    });
  });
});
