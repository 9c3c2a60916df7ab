import { describe, expect, it } from 'vitest';
import type { MirrorExperimentStatus } from '../../src/api/types.generated.ts';
import { createDrafts, type Drafts } from '../../src/engine/drafts.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const INTERVAL = 30_000;

const measured = (milliseconds: number): MirrorExperimentStatus => ({
  observedGeneration: 1,
  lastAnalysisTime: new Date(START + milliseconds).toISOString(),
});

/** Looks at every interval, as the operator does; the times (ms) of those whose status is stored. */
function storedLooks(drafts: Drafts, uid: string, looks: number): readonly number[] {
  let stored = { uid, resourceVersion: '1', status: measured(0) };
  return Array.from({ length: looks }, (_, look) => (look + 1) * INTERVAL).filter((time) => {
    const status = measured(time);
    const isStored = drafts.mustStore(stored, status, START + time);
    if (isStored) stored = { uid, resourceVersion: String(time), status };
    return isStored;
  });
}

function running(count: number): Drafts {
  const drafts = createDrafts();
  for (let index = 0; index < count; index++) {
    drafts.mustStore({ uid: `other-${index}`, resourceVersion: '1', status: {} }, {}, START);
  }
  return drafts;
}

describe('drafts', () => {
  it.each([
    [1, 20],
    [49, 20],
    [199, 5],
    [999, 1],
  ])('of one and %d others: %d of 20 looks at new figures are stored', (others, expected) => {
    expect(storedLooks(running(others), 'x', 20)).toHaveLength(expected);
  });

  it('of a thousand take no more than 100 writes a minute, each its share', () => {
    const drafts = running(1000);
    for (const uid of ['other-0', 'other-500', 'other-999']) expect(storedLooks(drafts, uid, 100)).toHaveLength(5);
  });

  it('are stored at once when they tell news', () => {
    const stored = { uid: 'x', resourceVersion: '1', status: measured(0) };
    expect(running(1000).mustStore(stored, { ...measured(1), verdict: 'Fail' }, START + 1)).toBe(true);
  });

  it('are not stored when nothing differs', () => {
    const stored = { uid: 'x', resourceVersion: '1', status: measured(0) };
    expect(createDrafts().mustStore(stored, measured(0), START + 3_600_000)).toBe(false);
  });

  it('need no new figures as long as those that are stored are young and none is to be stored for them', () => {
    const drafts = running(1000);
    const stored = { uid: 'x', resourceVersion: '1', status: measured(0) };
    expect(drafts.figuresStand(stored, START + INTERVAL)).toBe(true);
    expect(drafts.figuresStand(stored, START + 1_000_000)).toBe(false);
    expect(drafts.figuresStand({ ...stored, status: {} }, START)).toBe(false);
    const onlyLive = { live: { lookTime: measured(0).lastAnalysisTime ?? '' } };
    expect(drafts.figuresStand({ ...stored, status: onlyLive }, START)).toBe(false);
    expect(createDrafts().figuresStand(stored, START + INTERVAL)).toBe(false);
  });

  it('are stored when nobody knows how old the stored figures are', () => {
    const drafts = running(1000);
    const stored = { uid: 'x', resourceVersion: '1', status: {} };
    expect(drafts.mustStore(stored, { summary: 'waiting' }, START)).toBe(true);
    const ahead = { ...stored, status: measured(INTERVAL) };
    expect(drafts.mustStore(ahead, measured(0), START)).toBe(true);
  });

  it('stand for exactly the version that they were decided on, and are forgotten', () => {
    const drafts = running(1000);
    const stored = { uid: 'x', resourceVersion: '1', status: measured(0) };
    expect(drafts.statusOf(stored)).toBe(stored.status);
    expect(drafts.mustStore(stored, measured(INTERVAL), START + INTERVAL)).toBe(false);
    expect(drafts.statusOf(stored)).toEqual(measured(INTERVAL));
    expect(drafts.statusOf({ ...stored, resourceVersion: '2' })).toBe(stored.status);
    drafts.forget('x');
    expect(drafts.statusOf(stored)).toBe(stored.status);
  });
});
