import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labelSelector } from '../../../src/core/kubernetes/labelSelector.ts';
import { isAtLeast } from '../../../src/core/kubernetes/resourceVersion.ts';
import { selects } from '../../../src/core/kubernetes/selects.ts';

describe('selects', () => {
  it.each([
    ['app=shop', { app: 'shop', tier: 'web' }, true],
    ['app=shop', { app: 'other' }, false],
    ['app=shop,tier=web', { app: 'shop' }, false],
    ['app=', { app: '' }, true],
    ['app=', {}, false],
    ['app in (shop,books)', { app: 'books' }, true],
    ['app in (shop,books)', { app: 'boo' }, false],
    ['app in (shop,books)', {}, false],
    ['app notin (shop,books),tier=web', { tier: 'web' }, true],
    ['app notin (shop,books)', { app: 'shop' }, false],
    ['app', { app: 'x' }, true],
    ['app', {}, false],
    ['!app', {}, true],
    ['!app', { app: 'x' }, false],
    ['example.com/app=shop', { 'example.com/app': 'shop' }, true],
    ['something > 3', {}, true],
  ])('%s of %j: %s', (selector, labels, expected) => {
    expect(selects(selector, labels)).toBe(expected);
  });

  it('agrees with what a workload selects', () => {
    const value = fc.constantFrom('a', 'b', 'c');
    const key = fc.constantFrom('app', 'tier', 'example.com/team');
    const expression = fc.record({
      key,
      operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
      values: fc.uniqueArray(value, { minLength: 1 }),
    });
    const selector = fc.record({
      matchLabels: fc.dictionary(key, value),
      matchExpressions: fc.array(expression, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(selector, fc.dictionary(key, value), (workload, labels) => {
        const text = labelSelector(workload);
        fc.pre(text !== undefined);
        const expected =
          Object.entries(workload.matchLabels).every(([name, wanted]) => labels[name] === wanted) &&
          workload.matchExpressions.every((each) => {
            const found = labels[each.key];
            const isIn = found !== undefined && each.values.includes(found);
            return { In: isIn, NotIn: !isIn, Exists: found !== undefined, DoesNotExist: found === undefined }[
              each.operator
            ];
          });
        expect(selects(text ?? '', labels)).toBe(expected);
      }),
    );
  });
});

describe('isAtLeast', () => {
  it.each([
    ['10', '9', true],
    ['9', '10', false],
    ['9', '9', true],
    ['18446744073709551616', '18446744073709551615', true],
    ['opaque', 'opaque', true],
    ['opaque', '1', false],
    ['2', '01', false],
  ])('%s of %s: %s', (version, other, expected) => {
    expect(isAtLeast(version, other)).toBe(expected);
  });
});
