import { describe, expect, it } from 'vitest';
import { labelSelector } from '../../../src/core/kubernetes/labelSelector.ts';

describe('a selector as list requests take it', () => {
  it.each([
    ['of a Service', { app: 'books', tier: 'back' }, 'app=books,tier=back'],
    ['of a workload', { matchLabels: { app: 'books' } }, 'app=books'],
    [
      'with expressions',
      {
        matchLabels: { app: 'books' },
        matchExpressions: [
          { key: 'tier', operator: 'In', values: ['a', 'b'] },
          { key: 'track', operator: 'NotIn', values: ['canary'] },
          { key: 'team', operator: 'Exists' },
          { key: 'old', operator: 'DoesNotExist' },
        ],
      },
      'app=books,tier in (a,b),track notin (canary),team,!old',
    ],
  ])('%s', (_, selector, text) => {
    expect(labelSelector(selector)).toBe(text);
  });

  it.each([
    ['nothing', undefined],
    ['a Service without one', {}],
    ['a workload’s empty one, which selects everything', { matchLabels: {} }],
    [
      'an operator that is not known: the rest alone would select more',
      { matchLabels: { app: 'x' }, matchExpressions: [{ key: 'a', operator: 'Gt' }] },
    ],
    ['a label that is no text', { app: 1 }],
  ])('%s has none', (_, selector) => {
    expect(labelSelector(selector)).toBeUndefined();
  });
});
