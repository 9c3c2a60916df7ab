const heartbeatMilliseconds = 30_000;

/**
 * Shows one line for a step: what it does, how long that usually takes and, when it ends, how long it took; while it is long,
 * a line every 30 s. Returns what `work` returns; `outcome` says what that is, for a step that may end in more than one way.
 */
export async function step(title, usually, work, outcome = (_result, took) => `done in ${took}`) {
  const started = Date.now();
  process.stdout.write(`${title} (usually ${usually}) ... `);
  const heartbeat = setInterval(() => {
    process.stdout.write(`\n  still at it after ${formatDuration(Date.now() - started)} (usually ${usually}) ... `);
  }, heartbeatMilliseconds);
  try {
    const result = await work();
    process.stdout.write(`${outcome(result, formatDuration(Date.now() - started))}\n`);
    return result;
  } catch (error) {
    process.stdout.write(`failed in ${formatDuration(Date.now() - started)}\n`);
    throw error;
  } finally {
    clearInterval(heartbeat);
  }
}

/** 840 -> "0.8 s", 59_500 -> "1 min 0 s". */
export function formatDuration(milliseconds) {
  if (milliseconds < 9_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
