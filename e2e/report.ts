/** What is checked and measured, in the order in which it was seen. */
export interface Report {
  /** @param seen what was seen, in words */
  check(what: string, ok: boolean, seen: string): void;
  /** A figure that nothing is demanded of. */
  figure(what: string, seen: string): void;
  readonly entries: readonly Entry[];
}

export interface Entry {
  readonly what: string;
  readonly outcome: 'ok' | 'NOT OK' | '';
  readonly seen: string;
}

export function createReport(say: (line: string) => void): Report {
  const entries: Entry[] = [];
  const add = (entry: Entry) => {
    entries.push(entry);
    say(`${entry.outcome === '' ? '' : `${entry.outcome}: `}${entry.what}: ${entry.seen}`);
  };
  return {
    entries,
    check: (what, ok, seen) => add({ what, outcome: ok ? 'ok' : 'NOT OK', seen }),
    figure: (what, seen) => add({ what, outcome: '', seen }),
  };
}

/** All right: there are checks, and none failed. */
export function succeeded(entries: readonly Entry[]): boolean {
  return entries.some(({ outcome }) => outcome === 'ok') && entries.every(({ outcome }) => outcome !== 'NOT OK');
}

/** A Markdown table. */
export function formatTable(entries: readonly Entry[]): string {
  const clean = (text: string) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim();
  const rows = entries.map(({ what, outcome, seen }) => `| ${clean(what)} | ${outcome} | ${clean(seen)} |`);
  return ['| what | | seen |', '|---|---|---|', ...rows].join('\n');
}

/** Seconds between two moments, with one decimal; '–' where one is not known. */
export function seconds(from: Date | undefined, to: Date | undefined): string {
  if (from === undefined || to === undefined) return '–';
  return `${((to.getTime() - from.getTime()) / 1000).toFixed(1)} s`;
}
