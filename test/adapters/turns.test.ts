import { expect, it } from 'vitest';
import { createTurns } from '../../src/adapters/turns.ts';

const nextRound = () => new Promise<void>((resolve) => setImmediate(resolve));

it('gives one turn in each round of the event loop, first come first served', async () => {
  const turn = createTurns();
  const taken: string[] = [];
  for (const name of ['a', 'b', 'c']) void turn().then(() => taken.push(name));
  expect(taken).toEqual([]);
  for (const expected of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
    await nextRound();
    expect(taken).toEqual(expected);
  }
});

it('does not hold up who asks when nobody waits', async () => {
  const turn = createTurns();
  await turn();
  const later: string[] = [];
  void turn().then(() => later.push('again'));
  await nextRound();
  expect(later).toEqual(['again']);
});
