/**
 * The page with what stands between two marks replaced. Throws when the page lacks one of them.
 * @param file of the page, for the message
 */
export function withGenerated(
  page: string,
  [begin, end]: readonly [string, string],
  text: string,
  file: string,
): string {
  const [before, rest] = split(page, begin, file);
  const [, after] = split(rest, end, file);
  return `${before}${begin}\n\n${text}\n\n${end}${after}`;
}

function split(text: string, mark: string, file: string): [before: string, after: string] {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`${file} has no line ${mark}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}
