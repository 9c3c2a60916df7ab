export type Line =
  | { readonly number: number; readonly text: string }
  /** Too long to be held: skipped. */
  | { readonly number: number; readonly text: null };

const NEWLINE = 10;

/**
 * The lines of a stream of bytes, counted from 1, as they come; the last one need not end with a newline. What is held at
 * any time is one line of at most `mostBytes` and one chunk.
 */
export async function* linesOf(input: AsyncIterable<Uint8Array>, mostBytes: number): AsyncGenerator<Line[]> {
  let parts: Uint8Array[] = [];
  let size = 0;
  let number = 1;
  const take = (last: Uint8Array): Line => {
    const tooLong = size + last.length > mostBytes;
    const text = tooLong ? null : Buffer.concat([...parts, last]).toString('utf8');
    parts = [];
    size = 0;
    return { number: number++, text };
  };
  for await (const chunk of input) {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(take(chunk.subarray(start, end)));
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    size += rest.length;
    if (size <= mostBytes) parts.push(rest);
    else parts = [];
    if (lines.length > 0) yield lines;
  }
  if (size > 0) yield [take(new Uint8Array())];
}
