import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { cacheRoot } from './locations.mjs';
import { SetupError } from './problem.mjs';

const tailLines = 15;
const children = new Set();
const cleanups = new Set();
let interrupted = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, async () => {
    interrupted = true;
    const ends = [...children].map((child) => once(child, 'close'));
    for (const child of children) child.kill('SIGTERM');
    await Promise.all(ends);
    for (const cleanup of cleanups) cleanup();
    // Ends this process as the signal would have: what called it must see that it was interrupted.
    process.kill(process.pid, signal);
  });
}

/** Runs `cleanup` when the set-up is interrupted. Returns a function that takes it back. */
export function onInterrupt(cleanup) {
  cleanups.add(cleanup);
  return () => cleanups.delete(cleanup);
}

/**
 * Runs a command with its output in the cache's logs/<name>.log, at low priority: a build must not stall the machine.
 * Throws SetupError with the log's last lines and `remedy` when it fails.
 */
export async function run(command, args, { name, remedy, cwd, env = process.env }) {
  const directory = join(cacheRoot(), 'logs');
  mkdirSync(directory, { recursive: true });
  const log = join(directory, `${name}.log`);
  const file = openSync(log, 'w');
  let outcome;
  try {
    outcome = await ended(spawn(command, args, { cwd, env, stdio: ['ignore', file, file] }));
  } finally {
    closeSync(file);
  }
  if (outcome === 0) return;
  const tail = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-tailLines);
  const lines = tail.map((line) => `    ${line}`).join('\n');
  throw new SetupError(
    `${command} ${args.join(' ')} ended with ${outcome}.\n${lines}\n  The whole log: ${log}\n  ${remedy}`,
  );
}

/** Standard output (or error, when that is empty) of a short command; undefined when it fails or is not there. */
export async function output(command, args, { cwd, env = process.env, timeout = 20_000 } = {}) {
  const child = spawn(command, args, { cwd, env, timeout, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const outcome = await ended(child);
  return outcome === 0 ? stdout.trim() || stderr.trim() : undefined;
}

function ended(child) {
  children.add(child);
  return new Promise((resolve) => {
    child.on('spawn', () => {
      // A child that has ended already has no priority to lower.
      try {
        setPriority(child.pid, 10);
      } catch (error) {
        if (error.code !== 'ERR_SYSTEM_ERROR') throw error;
      }
    });
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => {
      // An interrupted set-up ends; it does not go on as if the program had failed.
      if (!interrupted) resolve(code ?? signal);
    });
  }).finally(() => children.delete(child));
}
