import { plain } from './plain.ts';

/**
 * Text for a Markdown comment, in or outside a table. Names come from telemetry: they must not become links, mentions,
 * HTML, another cell or another line. Mentions and bare addresses are recognised after escapes are undone, so that only
 * a character of no width between their parts keeps them from it.
 */
export function escapeMarkdown(text: string): string {
  return plain(text)
    .replaceAll(/\s+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\\`*_{}[\]()#!|~$]/g, (character) => `\\${character}`)
    .replace(/^\s*([-+=]|\d+(?=\.))/, '\\$1')
    .replaceAll('@', '@\u200b')
    .replaceAll('://', ':\u200b//')
    .replaceAll(/www\./gi, (match) => `${match.slice(0, 3)}\u200b.`)
    .replaceAll(/(?<=\\#|GH-)(?=\d)/g, '\u200b');
}
