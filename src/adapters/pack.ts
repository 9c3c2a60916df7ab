import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { deepFreeze } from './deepFreeze.ts';

/** Gives back a value that is kept small. */
export type Unpack<T> = () => T;

/** Keeps a JSON value as compressed text. It is frozen, and the same value (`===`) is given back for as long as somebody holds it. */
export type Pack<T> = (value: T) => Unpack<T>;

/** For values that resemble each other: of each is kept in what it differs from one that came before. */
export function createPack<T extends object>(): Pack<T> {
  /** JSON of one that came before. */
  let pattern: Buffer | undefined;
  return (value) => {
    const text = Buffer.from(JSON.stringify(value));
    if (pattern === undefined || isMuchLonger(text, pattern)) pattern = text.subarray(0, LONGEST_PATTERN);
    const options = { dictionary: pattern };
    // As a string: one object of the heap, which is moved when there are gaps. Of a buffer there are four.
    const packed = deflateRawSync(text, options).toString('latin1');
    let held = new WeakRef(deepFreeze(value));
    return () => {
      const known = held.deref();
      if (known !== undefined) return known;
      const unpacked: T = deepFreeze(JSON.parse(inflateRawSync(Buffer.from(packed, 'latin1'), options).toString()));
      held = new WeakRef(unpacked);
      return unpacked;
    };
  };
}

/** The first may be of one that has only begun. */
function isMuchLonger(text: Buffer, pattern: Buffer): boolean {
  return text.length > 1.5 * pattern.length && pattern.length < LONGEST_PATTERN;
}

/** So far back zlib looks. */
const LONGEST_PATTERN = 32_768;
