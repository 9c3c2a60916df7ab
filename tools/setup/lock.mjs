import { linkSync, mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onInterrupt } from './processes.mjs';

const touchMilliseconds = 3_000;
const staleMilliseconds = 20_000;

/**
 * Runs `work` while no other set-up holds the lock file at `path`; waits for one that does. A holder touches its file, so one
 * that died is recognised by an old file, also across containers. Two that take over the same stale lock at one moment both
 * go on: results are put in place by renaming, so that costs time and nothing else.
 */
export async function withLock(path, what, work) {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  while (!acquire(path)) {
    if (!told) process.stdout.write(`Another set-up is at work on ${what}; waiting for it\n`);
    told = true;
    await sleep(500);
  }
  const release = () => rmSync(path, { force: true });
  const forget = onInterrupt(release);
  const touch = setInterval(() => touchFile(path), touchMilliseconds);
  try {
    return await work();
  } finally {
    clearInterval(touch);
    forget();
    release();
  }
}

function acquire(path) {
  if (age(path) > staleMilliseconds) rmSync(path, { force: true });
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, `${process.pid}\n`);
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Milliseconds since the file was touched; 0 when it is not there. */
function age(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats ? Date.now() - stats.mtimeMs : 0;
}

function touchFile(path) {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}
