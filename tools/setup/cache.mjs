import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { withLock } from './lock.mjs';
import { SetupError } from './problem.mjs';
import { onInterrupt } from './processes.mjs';

/**
 * Provides a cache directory: `isReady(directory)` tells whether it is there and good; if not, `fill(partial)` makes its
 * content in a directory beside it, which `isReady(partial)` checks before it takes the place. A directory of the cache is
 * therefore complete or not there, whatever was interrupted. Set-ups that run at once wait for each other.
 */
export async function provide(directory, what, { isReady, fill }) {
  if (await isReady(directory)) return;
  await withLock(`${directory}.lock`, what, async () => {
    if (await isReady(directory)) return;
    removePartials(directory);
    const partial = `${directory}.partial-${process.pid}`;
    mkdirSync(partial, { recursive: true });
    const remove = () => rmSync(partial, { recursive: true, force: true });
    const forget = onInterrupt(remove);
    try {
      await fill(partial);
      if (!(await isReady(partial))) throw new SetupError(`${what} was installed, but does not run on this machine.`);
      rmSync(directory, { recursive: true, force: true });
      renameSync(partial, directory);
    } finally {
      forget();
      remove();
    }
  });
}

/** Left by a set-up that was killed: only the holder of the lock makes any. */
function removePartials(directory) {
  for (const name of readdirSync(dirname(directory))) {
    if (name.startsWith(`${basename(directory)}.partial-`)) {
      rmSync(join(dirname(directory), name), { recursive: true, force: true });
    }
  }
}
