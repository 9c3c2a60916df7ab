#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { COMMANDS } from './commandTable.ts';
import { dispatch } from './dispatch.ts';
import { plain } from './output/plain.ts';
import { createTerminal } from './terminal.ts';

const interruption = new AbortController();
let lastWords: string | undefined;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (!interruption.signal.aborted) {
      interruption.abort(new Error(`interrupted (${signal})`));
      return;
    }
    if (lastWords !== undefined) process.stderr.write(`\n${lastWords}\n`);
    process.exit(130);
  });
}

const terminal = createTerminal(process, process.env);

async function version(): Promise<string> {
  // The same from src/cli/ and dist/cli/.
  const file: unknown = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof file === 'object' && file !== null && 'version' in file ? String(file.version) : 'unknown';
}

const call = {
  terminal,
  environment: process.env,
  input: process.stdin,
  interrupted: interruption.signal,
  setLastWords: (words: string | undefined) => {
    lastWords = words;
  },
};

const OLDEST_NODE = 24;

try {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    throw new Error(`kubectl-mirror needs Node ${OLDEST_NODE} or newer; this is ${process.versions.node}`);
  }
  process.exitCode = await dispatch(COMMANDS, process.argv.slice(2), call, version);
} catch (error) {
  process.stderr.write(`error: ${plain(error instanceof Error ? error.message : String(error))}\n`);
  process.exitCode = 3;
}
// A terminal, a kept connection or an unread standard input must not keep the pipeline waiting.
process.stdin.destroy();
