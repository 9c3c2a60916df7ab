import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { blockDistance, coarsen } from '../../../src/core/evidence/coarsen.ts';
import { evidenceFiles } from '../../../src/core/evidence/evidenceFiles.ts';
import type { ExperimentRecord } from '../../../src/core/evidence/record.ts';
import { evaluate } from '../../../src/core/verdict/evaluate.ts';
import type { EvidenceDocument } from '../../../src/core/verdict/evidence.ts';
import { sumRoutes } from '../../../src/core/verdict/sumRoutes.ts';
import { EvidenceRecorder } from '../../support/evidenceRecorder.ts';
import { seededRandom } from '../../support/random.ts';
import { recordOf } from './records.ts';

const compress = (text: string) => gzipSync(text, { level: 9 }).toString('base64');
const MEBIBYTE = 1_048_576;

/** Routes that all have a request in most blocks, of random latencies. */
function busy(routes: number, blocks: number, requests: number): EvidenceDocument {
  const random = seededRandom(routes * 1000 + blocks);
  const recorder = new EvidenceRecorder();
  for (let block = 0; block < blocks; block++) {
    for (let route = 0; route < routes; route++) {
      for (let request = 0; request < requests; request++) {
        for (const arm of ['live', 'mirror'] as const) {
          const failed = random.uniform() < 0.02;
          recorder.record(`GET Route${route}/Get`, arm, failed ? null : Math.exp(4 + 0.5 * random.normal()));
        }
      }
    }
    recorder.endBlock();
  }
  return recorder.document();
}

function read({ data, binaryData }: ReturnType<typeof evidenceFiles>): {
  evidence: EvidenceDocument;
  record: ExperimentRecord;
  bytes: number;
} {
  const unzipped = Object.entries(binaryData).map(([key, base64]) => {
    const bytes = Buffer.from(base64, 'base64');
    return { key: key.replace(/\.gz$/, ''), text: gunzipSync(bytes).toString(), size: bytes.length };
  });
  const plain = Object.entries(data).map(([key, text]) => ({ key, text, size: Buffer.byteLength(text) }));
  const all = [...plain, ...unzipped];
  const parsed = (name: string) => JSON.parse(all.find(({ key }) => key === name)?.text ?? 'null');
  return {
    evidence: parsed('evidence.json'),
    record: parsed('record.json'),
    bytes: all.reduce((sum, { size }) => sum + size, 0),
  };
}

describe('the files of a finished experiment', () => {
  test('are text when they are short', () => {
    const document = busy(2, 20, 3);
    const files = evidenceFiles(document, recordOf(), compress);
    expect(Object.keys(files.data)).toEqual(['evidence.json', 'record.json']);
    expect(files.binaryData).toEqual({});
    expect(read(files)).toMatchObject({ evidence: document, record: recordOf() });
  });

  test('lose nothing when they are long: they are compressed', () => {
    const document = busy(50, 120, 2);
    const files = evidenceFiles(document, recordOf(), compress);
    expect(Object.keys(files.binaryData)).toEqual(['evidence.json.gz']);
    const { evidence, record, bytes } = read(files);
    expect(evidence).toEqual(document);
    expect(record.leftOut).toEqual([]);
    expect(bytes).toBeLessThan(MEBIBYTE);
  });

  test('fit a ConfigMap at the most that an experiment can have: 50 routes in 720 blocks', () => {
    const document = busy(50, 720, 40);
    const { evidence, record, bytes } = read(evidenceFiles(document, recordOf(), compress));
    expect(bytes).toBeLessThan(MEBIBYTE);
    expect(evidence).toEqual(document);
    expect(record.leftOut).toEqual([]);
  });

  test('merge neighbouring blocks where compression does not suffice, and say so', () => {
    const document = busy(50, 120, 2);
    const poor = (text: string) => Buffer.from(text).toString('base64');
    const files = evidenceFiles(document, recordOf(), poor);
    const sizes = Object.values(files.binaryData).reduce((sum, text) => sum + (3 * text.length) / 4, 0);
    expect(sizes).toBeLessThan(MEBIBYTE);
    const text = Buffer.from(files.binaryData['evidence.json.gz'] ?? '', 'base64').toString();
    const evidence: EvidenceDocument = JSON.parse(text);
    const record: ExperimentRecord = JSON.parse(files.data['record.json'] ?? '');
    expect(record.leftOut).toEqual([
      evaluate(evidence).verdict === evaluate(document).verdict
        ? 'blocks were merged to 60 s to fit a ConfigMap; the verdict is the same'
        : 'blocks were merged to 60 s to fit a ConfigMap; a replay may not come to the same verdict',
    ]);
    expect(sumRoutes(evidence.routes).live).toEqual(sumRoutes(document.routes).live);
  });
});

describe('coarser blocks', () => {
  test('have all that the finer ones had', () => {
    const document = busy(3, 31, 2);
    const coarse = coarsen(document, blockDistance(document));
    for (const [index, route] of coarse.routes.entries()) {
      const finer = document.routes[index]?.blocks ?? [];
      const sum = (blocks: typeof finer) => blocks.reduce((so, { live, mirror }) => so + live.items + mirror.items, 0);
      const below = (blocks: typeof finer) => blocks.reduce((so, { live }) => so + (live.atOrBelow[50] ?? 0), 0);
      expect(route.blocks.length).toBe(16);
      expect(sum(route.blocks)).toBe(sum(finer));
      expect(below(route.blocks)).toBe(below(finer));
      expect(route.blocks.map(({ start }) => start)).toEqual(Array.from({ length: 16 }, (_, each) => each * 60));
    }
  });
});
