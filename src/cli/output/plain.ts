/** Characters that move the cursor, change colours, titles or the reading direction, or break a line in two. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Text from outside (names from telemetry, messages of other programs) for a terminal or a log: on one line, without
 * control characters, and without what Azure Pipelines and GitHub Actions take for a command inside a line.
 */
export function plain(text: string): string {
  return text
    .replaceAll(/[\t\n\r]+/g, ' ')
    .replaceAll(CONTROL, '\ufffd')
    .replaceAll(/##(?=\[|vso\[)/g, '# #');
}
