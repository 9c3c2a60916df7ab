/** A table as a telemetry source answers it: nothing about its cells is known yet. */
export interface AnswerTable {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly unknown[])[];
}

/** An answer that is not what was asked for: a column is missing or of another type, or a value cannot be. */
export class SamplesError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SamplesError';
  }
}

/** What a column must hold: the types it may have, and how a value is read; undefined for a value that cannot be. */
export interface CellType<T> {
  readonly types: readonly string[];
  readonly expected: string;
  readonly read: (value: unknown) => T | undefined;
}

export type CellReader<T> = (row: readonly unknown[]) => T;

/**
 * A reader for one column of a table.
 * @param answer what the table answers, for messages
 * @throws SamplesError when there is no such column or it has another type; the reader, when a value cannot be
 */
export function column<T>(table: AnswerTable, answer: string, name: string, type: CellType<T>): CellReader<T> {
  const index = table.columns.findIndex((candidate) => candidate.name === name);
  const found = table.columns[index];
  if (found === undefined) {
    const names = table.columns.map((candidate) => candidate.name).join(', ');
    throw new SamplesError(`the answer for ${answer} has no column ${name}, only: ${names.slice(0, 200)}`);
  }
  if (!type.types.includes(found.type)) {
    throw new SamplesError(
      `the answer for ${answer} has the column ${name} as ${found.type}; expected ${type.types.join(' or ')}`,
    );
  }
  return (row) => {
    const value = type.read(row[index]);
    if (value !== undefined) return value;
    const shown = (JSON.stringify(row[index]) ?? 'nothing').slice(0, 80);
    throw new SamplesError(`the answer for ${answer} has ${shown} in the column ${name}; expected ${type.expected}`);
  };
}

export const TEXT: CellType<string> = {
  types: ['string'],
  expected: 'text',
  read: (value) => (typeof value === 'string' ? value : undefined),
};

/** The service writes true and false; older versions of it 1 and 0. */
export const FLAG: CellType<boolean> = {
  types: ['bool'],
  expected: 'true or false',
  read: (value) => {
    if (value === true || value === 1) return true;
    return value === false || value === 0 ? false : undefined;
  },
};

/** JSON carries a long as a number, or as text where it might exceed 2^53. */
export const COUNT: CellType<number> = {
  types: ['long', 'int'],
  expected: 'an integer from 0 to 2^53',
  read: (value) => {
    const number = integer(value);
    return number !== undefined && number >= 0 ? number : undefined;
  },
};

export const INTEGER_OR_NULL: CellType<number | null> = {
  types: ['long', 'int'],
  expected: 'an integer or null',
  read: (value) => (value === null ? null : integer(value)),
};

/** A bucket of durations, and the requests in it. */
export type BucketCount = readonly [bucket: number, requests: number];

export const BUCKET_COUNTS: CellType<readonly BucketCount[]> = {
  types: ['dynamic'],
  expected: 'a list of [bucket, requests]',
  read: (value) => {
    if (!Array.isArray(value)) return undefined;
    if (value.every(isBucketCount)) return value;
    const counts = value.map(bucketCount);
    return counts.every((each) => each !== undefined) ? counts : undefined;
  },
};

/** As it usually comes; thousands of these are read at once. */
function isBucketCount(value: unknown): value is BucketCount {
  if (!Array.isArray(value) || value.length !== 2) return false;
  return Number.isSafeInteger(value[0]) && Number.isSafeInteger(value[1]) && value[1] >= 1 && !Object.is(value[0], -0);
}

function bucketCount(value: unknown): BucketCount | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [bucket, requests] = value.map(integer);
  return bucket === undefined || requests === undefined || requests < 1 ? undefined : [bucket, requests];
}

/** A sum of durations; text where JSON has no number for it (NaN, Infinity), which is refused. */
export const AMOUNT: CellType<number> = {
  types: ['real', 'long', 'int'],
  expected: 'a finite number from 0',
  read: (value) => (typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined),
};

function integer(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number + 0 : undefined;
}
