/** Awaits what cannot tell by itself. @throws Error after this many seconds */
export async function until(isSo: () => boolean, seconds: number, everyMilliseconds = 200): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s`);
    await pause(everyMilliseconds);
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
