import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keepValid } from '../../src/api/keepValid.ts';
import { statusSchema } from '../../src/api/schema.generated.ts';
import { type StructuralSchema, validate } from '../../src/api/structuralSchema.ts';

const errorsOf = (schema: StructuralSchema, input: unknown) => validate(schema, input, 'spec.x').errors;
const messages = (schema: StructuralSchema, input: unknown) => errorsOf(schema, input).map(({ message }) => message);

describe('a wrong value is refused with what to do', () => {
  const text: StructuralSchema = { type: 'string' };
  test.each<[StructuralSchema, unknown, string]>([
    [{ type: 'integer' }, '5', 'must be a whole number; it is "5"'],
    [{ type: 'integer' }, 1.5, 'must be a whole number; it is 1.5'],
    [{ type: 'integer' }, 2 ** 53, 'must be a whole number; it is 9007199254740992'],
    [{ type: 'number' }, Number.NaN, 'must be a number; it is NaN'],
    [{ type: 'boolean' }, 'true', 'must be true or false; it is "true"'],
    [{ type: 'object' }, [], 'must be an object; it is a list'],
    [{ type: 'array', items: text }, {}, 'must be a list; it is an object'],
    [text, null, 'must be a string; it is null'],
    [text, undefined, 'must be a string; it is missing'],
    [text, 5n, 'must be a string; it is a bigint'],
    [text, Symbol('x'), 'must be a string; it is a symbol'],
    [{ ...text, enum: ['a', 'b'] }, 'c', '"c" is not supported: use "a", "b"'],
    [{ ...text, const: 'a' }, 'b', '"b" is not supported: use "a"'],
    [{ ...text, pattern: '^a+$' }, 'ab', '"ab" must match ^a+$'],
    [{ ...text, minLength: 1 }, '', 'must have at least 1 characters; it has 0'],
    [{ ...text, maxLength: 2 }, 'abc', 'must have at most 2 characters; it has 3'],
    [{ ...text, format: 'date-time' }, '2026-01-31', '"2026-01-31" must be a time such as 2026-01-31T12:00:00Z'],
    [
      { ...text, format: 'date-time' },
      '2026-13-31T12:00:00Z',
      '"2026-13-31T12:00:00Z" must be a time such as 2026-01-31T12:00:00Z',
    ],
    [{ type: 'integer', minimum: 5 }, 4, 'must be at least 5; it is 4'],
    [{ type: 'integer', maximum: 5 }, 6, 'must be at most 5; it is 6'],
    [{ type: 'array', items: text, minItems: 1 }, [], 'must have at least 1 items; it has 0'],
    [{ type: 'array', items: text, maxItems: 1 }, ['a', 'b'], 'must have at most 1 items; it has 2'],
  ])('%j: %s', (schema, input, message) => {
    expect(errorsOf(schema, input)).toEqual([{ path: 'spec.x', message }]);
  });

  test('a long text is cut in the message', () => {
    const [message] = messages({ type: 'string', pattern: '^b$' }, 'a'.repeat(32768));
    expect(message?.length).toBeLessThan(200);
  });
});

const person: StructuralSchema = {
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string', maxLength: 2 },
    tags: { type: 'array', items: { type: 'string' }, set: true, default: ['none'] },
    limits: {
      type: 'object',
      default: {},
      properties: { low: { type: 'integer', default: 1 }, high: { type: 'integer' } },
    },
    friends: {
      type: 'array',
      maxItems: 2,
      mapKeys: ['name'],
      items: {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string' }, close: { type: 'boolean', default: false } },
      },
    },
  },
};

describe('an object', () => {
  test('gets its defaults, those below a default too', () => {
    expect(validate(person, { name: 'a' }, '')).toEqual({
      value: { name: 'a', tags: ['none'], limits: { low: 1 } },
      errors: [],
    });
    expect(validate(person, { name: 'a', limits: null, friends: [{ name: 'b' }] }, '').value).toMatchObject({
      limits: { low: 1 },
      friends: [{ name: 'b', close: false }],
    });
  });

  test('is not changed, and shares nothing with the schema', () => {
    const input = Object.freeze({ name: 'a', friends: Object.freeze([Object.freeze({ name: 'b' })]) });
    const value = validate(person, input, '').value as { tags: string[]; limits: { low: number } };
    value.tags.push('changed');
    value.limits.low = 9;
    expect(validate(person, input, '').value).toMatchObject({ tags: ['none'], limits: { low: 1 } });
  });

  test('has every error with its path', () => {
    const input = { tags: ['a', 'a'], limits: { low: 'x', hihg: 2 }, friends: [{ name: 'b' }, { name: 'b' }, 3] };
    expect(validate(person, input, 'spec').errors).toEqual([
      { path: 'spec.name', message: 'is missing: set it' },
      { path: 'spec.tags[1]', message: 'is there twice ("a"): keep one' },
      { path: 'spec.limits.low', message: 'must be a whole number; it is "x"' },
      {
        path: 'spec.limits.hihg',
        message: 'is not a field that this operator knows: check the spelling, or upgrade the operator',
      },
      { path: 'spec.friends', message: 'must have at most 2 items; it has 3' },
      { path: 'spec.friends[1]', message: 'is there twice (name "b"): keep one' },
      { path: 'spec.friends[2]', message: 'must be an object; it is 3' },
    ]);
  });

  test('does not find fields on its prototype', () => {
    const properties = Object.fromEntries([['constructor', { type: 'string' as const }]]);
    const schema: StructuralSchema = { type: 'object', properties };
    expect(validate(schema, {}, '')).toEqual({ value: {}, errors: [] });
    expect(messages({ type: 'object' }, JSON.parse('{"__proto__": 1}'))).toHaveLength(1);
  });

  test('is told apart from one that differs only at the end of a long text', () => {
    const long = 'x'.repeat(200);
    expect(messages({ type: 'array', items: { type: 'string' }, set: true }, [`${long}1`, `${long}2`])).toEqual([]);
  });
});

describe('keepValid', () => {
  test('keeps what is valid and drops the rest', () => {
    const input = {
      name: 'a',
      tags: ['x', 5, 'x', 'y'],
      limits: { low: 'x', high: 2 },
      friends: [{ close: true }, { name: 'b', close: 'very' }, { name: 'b' }, { name: 'c' }, { name: 'd' }],
      other: 1,
    };
    expect(keepValid(person, input)).toEqual({
      name: 'a',
      tags: ['x', 'y'],
      limits: { low: 1, high: 2 },
      friends: [
        { name: 'b', close: false },
        { name: 'c', close: false },
      ],
    });
  });

  test.each([[undefined], [null], ['text'], [[]], [{ name: 'too long' }]])('keeps nothing of %j', (input) => {
    expect(keepValid(person, input)).toBeUndefined();
  });

  test('what it keeps of anything is valid, and of valid data it keeps everything', () => {
    fc.assert(
      fc.property(statusLike(), (input) => {
        const kept = keepValid(statusSchema, input);
        expect(validate(statusSchema, kept, '')).toEqual({ value: kept, errors: [] });
        expect(keepValid(statusSchema, kept)).toEqual(kept);
      }),
    );
  });
});

/** Objects with the status's field names, and values that are right about as often as they are wrong. */
function statusLike(): fc.Arbitrary<Record<string, unknown>> {
  const value = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constantFrom('True', 'Pass', 'Passed', null));
  const field = fc.constantFrom('name', 'verdict', 'percentile', 'live', 'status', 'type', 'reason', 'message', 'kind');
  const item = fc.dictionary(field, value);
  const list = fc.array(fc.oneof(item, value));
  return fc.dictionary(
    fc.constantFrom('verdict', 'summary', 'requests', 'latency', 'errors', 'routes', 'conditions', 'targets'),
    fc.oneof(value, item, list),
  );
}
