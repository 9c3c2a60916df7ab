import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { deepFreeze } from './deepFreeze.ts';

/** Gives back a value that is kept small. */
export type Unpack<T> = () => T;

/**
 * Keeps a JSON value as compressed text, which takes about a tenth of the memory of its objects. It is frozen, and the same
 * value (`===`) is given back for as long as somebody holds it.
 */
export function pack<T extends object>(value: T): Unpack<T> {
  // A copy: zlib's own is a part of 16 kB.
  const text = new Uint8Array(deflateRawSync(JSON.stringify(value), FAST));
  let held = new WeakRef(deepFreeze(value));
  return () => {
    const known = held.deref();
    if (known !== undefined) return known;
    const unpacked: T = deepFreeze(JSON.parse(inflateRawSync(text).toString()));
    held = new WeakRef(unpacked);
    return unpacked;
  };
}

/** Of an experiment's status the best level leaves 5 % less, and takes seven times as long. */
const FAST = { level: 1 };
