import type { MirrorExperimentStatus } from '../../api/types.generated.ts';

/**
 * The status with texts that are safe to print: names of routes come from telemetry, which whoever sends requests can write
 * in part, and versions and names of keys from people; kubectl prints some texts of a status as they are, and a terminal
 * obeys control characters. What steers a terminal, a line or the direction of writing is shown as its escape; half a
 * surrogate pair, which the API server would replace, is replaced. The summary is cut to the length of a message.
 */
export function printableStatus(status: MirrorExperimentStatus): MirrorExperimentStatus {
  const { summary, conditions, routes } = status;
  return {
    ...status,
    ...(summary !== undefined && { summary: cut(printable(summary), MAX_SUMMARY) }),
    ...(conditions !== undefined && {
      conditions: conditions.map((each) => ({ ...each, message: cut(printable(each.message), MAX_SUMMARY) })),
    }),
    ...(routes !== undefined && { routes: named(routes) }),
  };
}

/** Limit of the resource definition for messages, in characters (code points). */
const MAX_SUMMARY = 4096;

export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped).toWellFormed();
}

/** Controls (C0, DEL, C1), line and paragraph separators, and marks and overrides of the direction of writing. */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(character: string): string {
  return SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Names are keys of the list, and must stay different from each other. */
function named(routes: NonNullable<MirrorExperimentStatus['routes']>): NonNullable<MirrorExperimentStatus['routes']> {
  const taken = new Set<string>();
  return routes.map((route) => {
    const name = printable(route.name);
    let free = name;
    for (let count = 2; taken.has(free); count++) free = `${name} (${count})`;
    taken.add(free);
    return { ...route, name: free };
  });
}

function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}
