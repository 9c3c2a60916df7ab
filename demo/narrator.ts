/** Prints what happens with the seconds since the start, one thing a line. */
export interface Narrator {
  say(line: string): void;
  /** A block of text under a heading, indented. */
  show(heading: string, block: string): void;
}

export function createNarrator(write: (text: string) => void): Narrator {
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s`;
  return {
    say: (line) => write(`${seconds()}  ${line}\n`),
    show: (heading, block) => write(`${seconds()}  ${heading}\n${indent(block)}\n`),
  };
}

function indent(block: string): string {
  return block
    .trimEnd()
    .split('\n')
    .map((line) => `        ${line}`)
    .join('\n');
}
