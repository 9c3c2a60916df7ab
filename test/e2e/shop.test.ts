import { expect, test } from 'vitest';
import { failureTimes } from '../../e2e/shop.ts';

test('the poller’s log tells when requests failed', () => {
  const line = (time: string, failed: number) =>
    `2026-01-01T${time}.123456789Z {"sent":9,"succeeded":1,"failed":${failed}}`;
  const log = [line('10:00:01', 0), line('10:00:02', 3), line('10:00:03', 3), line('10:00:04', 5), ''].join('\n');
  expect(failureTimes(log)).toEqual(['3 at 10:00:02', '2 at 10:00:04']);
});
