import { expect, test } from 'vitest';
import { analysedSeconds } from '../../../src/core/samples/analysedSeconds.ts';
import { emptyArm } from '../../../src/core/samples/cells.ts';
import type { RouteSamples } from '../../../src/core/samples/samples.ts';

const INTERVAL = 30;

/** A route with live requests in the blocks that begin at these seconds, and with the mirror's in some more. */
function route(live: readonly number[], mirror: readonly number[] = []): RouteSamples {
  const arm = (items: number) => ({ items, errorItems: 0, atOrBelow: {} });
  const starts = [...new Set([...live, ...mirror])].sort((a, b) => a - b);
  const blocks = starts.map((start) => ({
    start,
    live: arm(live.includes(start) ? 1 : 0),
    mirror: arm(mirror.includes(start) ? 1 : 0),
  }));
  return { name: `route ${live.join()}`, live: emptyArm(), mirror: emptyArm(), blocks, pairs: null };
}

const seconds = (length: number, ...routes: RouteSamples[]) =>
  analysedSeconds({ start: 0, end: length * 1000, samples: { routes, queries: [] } }, INTERVAL);

test('is the whole window when live has requests in its last block, on whatever route', () => {
  expect(seconds(90, route([0, 30, 60]))).toBe(90);
  expect(seconds(90, route([0]), route([60]))).toBe(90);
  expect(seconds(30, route([0]))).toBe(30);
});

test('ends where live’s last block begins when the window goes on after it', () => {
  expect(seconds(3690, route([0, 30, 60]))).toBe(60);
  expect(seconds(3690, route([0, 30], [60, 90]))).toBe(30);
});

test('is nothing without requests', () => {
  expect(seconds(3600)).toBe(0);
  expect(seconds(3600, route([], [0, 30]))).toBe(0);
});

test('counts the coarser blocks of a window of many intervals', () => {
  // 1,000 intervals: blocks of a minute.
  expect(seconds(30_000, route([0, 29_940]))).toBe(30_000);
  expect(seconds(30_000, route([0, 29_880]))).toBe(29_880);
});
