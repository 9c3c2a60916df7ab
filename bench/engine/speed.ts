import { evaluate } from '../../src/core/verdict/evaluate.ts';
import type { EvidenceDocument } from '../../src/core/verdict/evidence.ts';
import { difference, differenceFrom, VECTORS } from '../../test/support/verdictVectors.ts';
import type { BenchOptions, BenchTable, Cell } from '../bench.ts';
import { documentOf, samplesOf } from './look.ts';
import { judgeThroughPipe } from './pipe.ts';
import { timeReference } from './reference.ts';
import { answersOf } from './traffic.ts';

/** How many documents a second: the engine, the command that judges lines, and the reference, on the same documents. */
export async function speed({ short, tell }: BenchOptions): Promise<readonly BenchTable[]> {
  const seconds = short ? 0.1 : 4;
  const rows: Cell[][] = [];
  const agreement: Cell[][] = [
    ['test/vectors/verdict.json', VECTORS.length, VECTORS.filter((each) => differenceFrom(each) === undefined).length],
  ];
  for (const [name, documents] of Object.entries(documentSets(short))) {
    tell(`documents a second: ${name}`);
    const alone = evaluateAlone(documents, seconds);
    const piped = await judgeThroughPipe(documents, Math.max(10, Math.ceil(alone * seconds)));
    const reference = await timeReference(documents, seconds);
    const ratio = (rate: number): Cell => (reference === undefined ? null : rate / reference.perSecond);
    rows.push([name, alone, piped, piped / alone, reference?.perSecond ?? null, ratio(alone), ratio(piped)]);
    if (reference !== undefined)
      agreement.push([`the reference: ${name}`, documents.length, agreeing(documents, reference.results)]);
  }
  return [
    {
      title: 'Documents a second, one thread each',
      columns: [
        ...['documents', 'evaluate', 'kubectl-mirror judge -', 'share of evaluate', 'reference (Python, numpy)'],
        ...['evaluate / reference', 'judge / reference'],
      ],
      rows,
      notes: [
        'The reference is the executable specification of the engine, written before it. It is not in this repository: REFERENCE is its path, PYTHON an interpreter with numpy; without, there are no figures of it. Its start does not count, that of kubectl-mirror does.',
      ],
    },
    { title: 'Same results', columns: ['what', 'compared', 'agree'], rows: agreement },
  ];
}

function documentSets(short: boolean): Readonly<Record<string, readonly EvidenceDocument[]>> {
  const ofVectors = VECTORS.filter(({ function: name }) => name === 'evaluate')
    .map(({ input }) => input as unknown as EvidenceDocument)
    .filter(({ routes }) => routes.length === 1);
  const sets = { 'one route, those of the vectors in turn': ofVectors };
  if (short) return sets;
  const made = (blocks: number) => [documentOf(samplesOf(answersOf({ routes: 100, blocks, fold: true })), blocks)];
  return {
    ...sets,
    'one route, healthy: the slowest of these': ofVectors.slice(0, 1),
    '50 routes, 10 blocks': made(10),
    '50 routes, 120 blocks': made(120),
  };
}

/** After a tenth of the time to warm up. */
function evaluateAlone(documents: readonly EvidenceDocument[], seconds: number): number {
  const run = (milliseconds: number): number => {
    const start = performance.now();
    let count = 0;
    while (count === 0 || performance.now() - start < milliseconds) {
      // Another one each time: what is known of a document is not made again.
      for (const document of documents) evaluate({ ...document });
      count += documents.length;
    }
    return (1000 * count) / (performance.now() - start);
  };
  run(100 * seconds);
  return run(1000 * seconds);
}

/** The tolerance is that of the vectors. */
function agreeing(documents: readonly EvidenceDocument[], results: readonly unknown[]): number {
  return documents.filter(
    (document, index) => difference({ ...evaluate(document) }, results[index], 1e-6) === undefined,
  ).length;
}
