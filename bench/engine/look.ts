import { readBlocks } from '../../src/core/samples/blocks.ts';
import { readCells } from '../../src/core/samples/cells.ts';
import { evidenceDocument } from '../../src/core/samples/evidenceDocument.ts';
import { readPairs } from '../../src/core/samples/pairs.ts';
import type { Samples } from '../../src/core/samples/samples.ts';
import type { EvidenceAnalysis, EvidenceDocument } from '../../src/core/verdict/evidence.ts';
import { type Answers, PERCENTILES } from './traffic.ts';

const BLOCK_SECONDS = 30;

/** The defaults of the resource. */
const ANALYSIS: EvidenceAnalysis = {
  ...{ falseAlarmPercent: 5, minRequests: 50, errors: { maxIncreaseBasisPoints: 100 } },
  latency: [
    { percentile: 50, maxIncreasePercent: 10, maxIncreaseMilliseconds: 20 },
    { percentile: 95, maxIncreasePercent: 10, maxIncreaseMilliseconds: 20 },
    { percentile: 99, maxIncreasePercent: 25, maxIncreaseMilliseconds: 50, failOnly: true },
  ],
  coverage: { maxLossPercent: 5 },
};

/** What the answers say, by the operator's own readers. @throws SamplesError */
export function samplesOf({ cells, blocks, pairs }: Answers): Samples {
  const routes = readCells(cells);
  const asked = { routes: routes.length, percentiles: PERCENTILES, blockSeconds: BLOCK_SECONDS };
  const blocksOfRoute = readBlocks(blocks, asked);
  const pairsOfRoute = readPairs(pairs, routes.length);
  return {
    routes: routes.map((route, index) => ({
      ...route,
      blocks: blocksOfRoute[index] ?? [],
      pairs: pairsOfRoute[index] ?? null,
    })),
    queries: [],
  };
}

export function documentOf(samples: Samples, blocks: number): EvidenceDocument {
  return evidenceDocument(samples, ANALYSIS, {
    ...{ mirrorPercent: 100, elapsedSeconds: blocks * BLOCK_SECONDS, deadline: false },
  });
}
