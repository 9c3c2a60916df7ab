import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { type CompileCache, fillCompileCache } from '../support/compileCache.ts';
import { type KilledOperatorOptions, startKilledOperator } from '../support/killedOperator.ts';
import { V3 } from '../support/lab.ts';
import { limit } from '../support/limit.ts';
import { conditionOf, until } from '../support/liveLab.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';
import { percentiles } from '../support/percentiles.ts';
import { withoutRestartTrace } from '../support/withoutRestartTrace.ts';

let stage: OperatorStage;
let compileCache: CompileCache;
/** Milliseconds from the deletion until the experiment was gone. */
const gone: number[] = [];

beforeAll(async () => {
  compileCache = await fillCompileCache();
  stage = await setOperatorStage();
});
afterAll(async () => {
  await stage?.stop();
  await compileCache?.remove();
  process.stdout.write(
    `deletions at a write: ${gone.length}
from the deletion until it is gone: ${percentiles(gone)}
`,
  );
});

/** For a machine that is busy. */
const SOON = 300;
const atATime = limit(12);
const CHANGE = { analysis: { deadlineSeconds: 600 } };

/** An experiment on its way to Fail, and what the operator does with it. */
async function begin(context: TestContext, options: Pick<KilledOperatorOptions, 'when' | 'only' | 'spare'>) {
  const books = await stage.lab(context, { traffic: { behaviour: V3 } });
  const before = await books.targets();
  const { server, azure } = stage;
  let deletedAt: number | undefined;
  const operator = await startKilledOperator({
    ...{ server, azure, compileCache: compileCache.directory, namespace: books.namespace, ...options },
    meanwhile: async () => {
      deletedAt = Date.now();
      await books.delete('candidate');
    },
  });
  context.onTestFinished(() => operator.stop());
  await books.create('candidate', CHANGE);
  return { books, before, operator, deletedAt: () => deletedAt };
}

/** How many different writes there are until the experiment is complete. */
async function countWrites(context: TestContext): Promise<number> {
  const books = await stage.lab(context, { traffic: { behaviour: V3 } });
  const { server, azure } = stage;
  let writes = 0;
  const operator = await startKilledOperator({
    ...{ server, azure, compileCache: compileCache.directory, namespace: books.namespace, when: 'after', spare: true },
    meanwhile: async () => {
      writes += 1;
    },
  });
  context.onTestFinished(() => operator.stop());
  await books.create('candidate', CHANGE);
  const status = await books.complete('candidate', SOON);
  expect(conditionOf(status, 'Passed')).toMatchObject({ reason: 'Latency' });
  const untilComplete = writes;
  await operator.quiet();
  // Events that follow the last status change nothing in the world.
  return untilComplete;
}

const CASES = [
  { when: 'after', spare: false, name: 'and the operator killed there, when the write is done' },
  { when: 'before', spare: true, name: 'before the write is done, by an operator that does not know yet' },
  ...(process.env.KILL === 'all'
    ? [
        { when: 'before', spare: false, name: 'and the operator killed there, before the write is done' } as const,
        { when: 'after', spare: true, name: 'when the write is done, by an operator that does not know yet' } as const,
      ]
    : []),
] as const;

describe('an experiment that is deleted at any write of its run', { timeout: 1_200_000 }, () => {
  test('is gone soon, and everything is as it was', async (context) => {
    const writes = await countWrites(context);
    expect(writes).toBeGreaterThanOrEqual(12);
    const numbers = Array.from({ length: writes }, (_, index) => index + 1);
    await Promise.all(
      CASES.flatMap(({ when, spare, name }) =>
        numbers.map((only) =>
          atATime(async () => {
            const { books, before, operator, deletedAt } = await begin(context, { when, spare, only });
            await until(`write ${only} comes, ${name}`, async () => deletedAt() !== undefined, SOON);
            await books.gone('candidate', SOON);
            gone.push(Date.now() - (deletedAt() ?? 0));
            await operator.quiet();
            expect(
              withoutRestartTrace(await books.targets()),
              `deleted at write ${only} of ${writes}, ${name}`,
            ).toEqual(before);
            expect(operator.errors()).toBe('');
            await Promise.all([operator.stop(), books.stop()]);
          }),
        ),
      ),
    );
  });
});
