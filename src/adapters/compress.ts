import { gzipSync } from 'node:zlib';

/** gzip, as base64. The same text gives the same bytes: zlib writes no time into the header. */
export function compress(text: string): string {
  return gzipSync(text).toString('base64');
}
