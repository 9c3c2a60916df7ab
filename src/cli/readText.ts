import { open } from 'node:fs/promises';
import { UsageError } from './usageError.ts';

/** Most of a file, or of a line, that is read. */
export const MOST_BYTES = 64 * 1024 * 1024;

/** @throws UsageError when the file cannot be read, or is larger than what the evidence of any experiment can be */
export async function readText(file: string): Promise<string> {
  try {
    const handle = await open(file);
    try {
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of handle.createReadStream({ autoClose: false }) as AsyncIterable<Uint8Array>) {
        size += chunk.length;
        if (size > MOST_BYTES) throw new UsageError(`${file}: has more than ${MOST_BYTES / 1024 / 1024} MiB`);
        chunks.push(chunk);
      }
      return Buffer.concat(chunks).toString('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${file}: cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
