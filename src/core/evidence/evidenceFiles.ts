import { evaluate } from '../verdict/evaluate.ts';
import type { EvidenceDocument } from '../verdict/evidence.ts';
import { blockDistance, coarsen } from './coarsen.ts';
import { EVIDENCE_KEY, type ExperimentRecord, GZIP_SUFFIX, RECORD_KEY } from './record.ts';

/** What the ConfigMap holds. */
export interface EvidenceFiles {
  readonly data: Readonly<Record<string, string>>;
  /** Base64, as in a ConfigMap. */
  readonly binaryData: Readonly<Record<string, string>>;
}

/** A ConfigMap may hold 1,048,576 bytes; names and annotations need a little of it. */
const MOST_BYTES = 1_000_000;
/** UTF-16 units of a file that stays text, so that people and tools read it with ease; both together are below the limit. */
const LONGEST_TEXT = 150_000;

/**
 * The files of a finished experiment, within the size of a ConfigMap. What is long is compressed, which loses nothing;
 * where that does not suffice, neighbouring blocks are merged until it does, and the record says so.
 * @param compress gzip, as base64; the same for the same text
 */
export function evidenceFiles(
  document: EvidenceDocument,
  record: ExperimentRecord,
  compress: (text: string) => string,
): EvidenceFiles {
  let thinned = document;
  let told = record;
  for (;;) {
    const files = encode(thinned, told, compress);
    if (sizeOf(files) <= MOST_BYTES) return files;
    const distance = blockDistance(thinned);
    if (!Number.isFinite(distance)) {
      const size = sizeOf(files);
      throw new RangeError(`the evidence needs ${size} bytes without blocks to merge; a ConfigMap holds ${MOST_BYTES}`);
    }
    thinned = coarsen(thinned, distance);
    told = { ...record, leftOut: [...record.leftOut, loss(document, thinned, 2 * distance)] };
  }
}

function loss(whole: EvidenceDocument, thinned: EvidenceDocument, seconds: number): string {
  const same = evaluate(whole).verdict === evaluate(thinned).verdict;
  const verdict = same ? 'the verdict is the same' : 'a replay may not come to the same verdict';
  return `blocks were merged to ${seconds} s to fit a ConfigMap; ${verdict}`;
}

function encode(
  document: EvidenceDocument,
  record: ExperimentRecord,
  compress: (text: string) => string,
): EvidenceFiles {
  const data: Record<string, string> = {};
  const binaryData: Record<string, string> = {};
  for (const [key, value] of [
    [EVIDENCE_KEY, document],
    [RECORD_KEY, record],
  ] as const) {
    const text = `${JSON.stringify(value)}\n`;
    if (text.length <= LONGEST_TEXT) data[key] = text;
    else binaryData[`${key}${GZIP_SUFFIX}`] = compress(text);
  }
  return { data, binaryData };
}

function sizeOf({ data, binaryData }: EvidenceFiles): number {
  // Text is measured as UTF-8, where a UTF-16 unit has at most three bytes; base64 holds three bytes in four characters.
  const texts = Object.values(data).reduce((sum, text) => sum + 3 * text.length, 0);
  const bytes = Object.values(binaryData).reduce((sum, text) => sum + (3 * text.length) / 4, 0);
  return texts + bytes;
}
