import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Condition, getCondition, setCondition } from '../../src/api/conditions.ts';
import { CONDITIONS, type ConditionType } from '../../src/api/reasons.ts';
import { statusSchema } from '../../src/api/schema.generated.ts';
import { validate } from '../../src/api/structuralSchema.ts';

const now = Date.UTC(2026, 0, 31, 12, 0, 0, 123);
const condition = (type: ConditionType, status: Condition['status'], message = '') => ({
  ...{ type, status, reason: 'Because', message, observedGeneration: 1 },
});

describe('setCondition', () => {
  test('adds a new condition at the end, with the time in whole seconds', () => {
    const first = setCondition(undefined, condition('Accepted', 'True'), now);
    const both = setCondition(first, condition('Passed', 'Unknown'), now + 5000);
    expect(both).toEqual([
      { ...condition('Accepted', 'True'), lastTransitionTime: '2026-01-31T12:00:00Z' },
      { ...condition('Passed', 'Unknown'), lastTransitionTime: '2026-01-31T12:00:05Z' },
    ]);
  });

  test('keeps the time while the status stays, and moves it when the status changes', () => {
    const set = setCondition([], condition('Passed', 'Unknown'), now);
    const again = { ...condition('Passed', 'Unknown', 'other'), reason: 'Other', observedGeneration: 2 };
    const same = setCondition(set, again, now + 60_000);
    expect(same).toEqual([{ ...again, lastTransitionTime: '2026-01-31T12:00:00Z' }]);
    const changed = setCondition(same, condition('Passed', 'False'), now + 60_000);
    expect(changed[0]?.lastTransitionTime).toBe('2026-01-31T12:01:00Z');
  });

  test('keeps the place of a condition, and the conditions that it was given', () => {
    const given = Object.freeze([
      ...setCondition(setCondition([], condition('Accepted', 'True'), now), condition('Passed', 'Unknown'), now),
    ]);
    const set = setCondition(given, condition('Accepted', 'False'), now);
    expect(set.map(({ type, status }) => [type, status])).toEqual([
      ['Accepted', 'False'],
      ['Passed', 'Unknown'],
    ]);
    expect(given[0]?.status).toBe('True');
  });

  test('does not take over fields that a condition does not have', () => {
    const extended = { ...condition('Passed', 'True'), evidence: 'x' };
    expect(setCondition([], extended, now)[0]).not.toHaveProperty('evidence');
  });

  test('cuts a message at what the resource definition allows, and never within a character', () => {
    fc.assert(
      fc.property(fc.constantFrom('a', '😀', 'é'), fc.integer({ min: 4090, max: 4100 }), (character, count) => {
        const conditions = setCondition([], condition('Passed', 'True', character.repeat(count)), now);
        expect(validate(statusSchema, { conditions }, 'status').errors).toEqual([]);
        const message = conditions[0]?.message ?? '';
        expect(message.isWellFormed()).toBe(true);
        if (count <= 4096) expect(message).toBe(character.repeat(count));
        else expect(message).toBe(`${character.repeat(4095)}…`);
      }),
    );
  });
});

test('getCondition finds a condition by its type', () => {
  const conditions = setCondition([], condition('Passed', 'True'), now);
  expect(getCondition(conditions, 'Passed')).toBe(conditions[0]);
  expect(getCondition(conditions, 'Accepted')).toBeUndefined();
  expect(getCondition(undefined, 'Passed')).toBeUndefined();
});

test('the resource definition knows every condition, and takes every reason', () => {
  const types = statusSchema.properties?.conditions?.items?.properties?.type?.enum;
  expect(Object.keys(CONDITIONS)).toEqual(types);
  for (const type of Object.keys(CONDITIONS) as ConditionType[]) {
    for (const reason of Object.keys(CONDITIONS[type])) {
      const conditions = setCondition([], { ...condition(type, 'True'), reason }, now);
      expect(validate(statusSchema, { conditions }, 'status').errors).toEqual([]);
    }
  }
});
