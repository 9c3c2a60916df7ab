import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** What a forked process says next; rejects when it ends instead. */
export async function nextMessage(child: ChildProcess, what: string): Promise<unknown> {
  const waiting = new AbortController();
  const { signal } = waiting;
  const message = once(child, 'message', { signal }).then(([told]) => told as unknown);
  const end = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`${what} has ended with ${code}`);
  });
  const both = [message, end];
  try {
    return await Promise.race(both);
  } finally {
    // The one that lost rejects, and nobody is to hear of it.
    for (const each of both) each.catch(() => {});
    waiting.abort();
  }
}
