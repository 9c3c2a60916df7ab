import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createPack } from '../../src/adapters/pack.ts';
import { labWorld } from '../support/labWorld.ts';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

it('gives any JSON back, frozen', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const text = JSON.stringify(value);
      const plain: Record<string, unknown> = JSON.parse(text);
      const unpack = createPack()(plain);
      expect(JSON.stringify(unpack())).toBe(text);
      expect(Object.isFrozen(unpack())).toBe(true);
    }),
  );
});

it('gives back the same value as long as somebody holds it', () => {
  const { experiment } = labWorld();
  const unpack = createPack()(experiment);
  const held = unpack();
  expect(unpack()).toBe(held);
  expect(held).toBe(experiment);
});

it('holds the value by its text only: what nobody holds is collected, and made anew', async () => {
  const unpack = createPack()({ message: 'x’→é', routes: [{ n: 1 }] });
  // A WeakRef keeps its value until the present turn of the event loop has ended.
  const first = new WeakRef(unpack());
  for (let round = 0; round < 50 && first.deref() !== undefined; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  expect(first.deref()).toBeUndefined();
  expect(unpack()).toEqual({ message: 'x’→é', routes: [{ n: 1 }] });
  expect(Object.isFrozen(unpack())).toBe(true);
});

it('makes anew what was packed after any others, long and short', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.object({ maxKeys: 20, values: [fc.string(), fc.double()] })), async (values) => {
      const pack = createPack();
      const texts = values.map((value) => JSON.stringify(value));
      const long = { text: 'x'.repeat(100_000) };
      const unpacks = [...texts.map((text) => pack(JSON.parse(text))), pack({ ...long }), pack({ ...long, and: 1 })];
      await new Promise((resolve) => setImmediate(resolve));
      collect();
      expect(unpacks.map((unpack) => JSON.stringify(unpack()))).toEqual([
        ...texts,
        JSON.stringify(long),
        JSON.stringify({ ...long, and: 1 }),
      ]);
    }),
    { numRuns: 30 },
  );
});
