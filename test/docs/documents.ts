import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Root of the repository. */
export const ROOT = join(import.meta.dirname, '..', '..');

export interface Document {
  /** Path from the root. */
  readonly path: string;
  readonly text: string;
}

export interface CodeBlock {
  readonly path: string;
  /** 1-based line of the opening fence. */
  readonly line: number;
  /** The word behind the fence; empty: none. */
  readonly language: string;
  readonly code: string;
}

export interface Link {
  readonly path: string;
  readonly line: number;
  readonly target: string;
}

/** The pages that this repository keeps for readers. */
export function documents(): Document[] {
  const root = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'];
  return [...root, ...globSync('docs/**/*.md', { cwd: ROOT }).sort()].map(readDocument);
}

export function readDocument(path: string): Document {
  return { path, text: readFileSync(join(ROOT, path), 'utf8') };
}

export function codeBlocks({ path, text }: Document): CodeBlock[] {
  const lines = text.split('\n');
  const fences = lines.flatMap((line, index) => (line.startsWith('```') ? [index] : []));
  if (fences.length % 2 !== 0) throw new Error(`${path} has a fence that is not closed`);
  return fences.flatMap((start, order) => {
    if (order % 2 !== 0) return [];
    const code = lines.slice(start + 1, fences[order + 1]).join('\n');
    return [{ path, line: start + 1, language: (lines[start] ?? '').slice(3).trim(), code }];
  });
}

/** Links to other places, outside of code. */
export function links(document: Document): Link[] {
  return prose(document).flatMap(({ line, text }) =>
    [...text.replaceAll(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({
      path: document.path,
      line,
      target,
    })),
  );
}

/** Anchors of the headings, as GitHub makes them. */
export function anchors(document: Document): Set<string> {
  const seen = new Map<string, number>();
  const slugs = prose(document).flatMap(({ text }) => {
    const heading = /^#{1,6} (.*)$/.exec(text)?.[1];
    if (heading === undefined) return [];
    const slug = heading
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return [count === 0 ? slug : `${slug}-${count}`];
  });
  return new Set(slugs);
}

/** A link's file from the root, and its anchor; undefined for a link to another site. */
export function resolveLink({ path, target }: Link): { readonly file: string; readonly anchor: string } | undefined {
  if (/^[a-z]+:/.test(target)) return undefined;
  const [file = '', anchor = ''] = target.split('#');
  return { file: file === '' ? path : relative(ROOT, join(ROOT, dirname(path), file)), anchor };
}

/** Rows of the table under a heading, cells without the spaces around them; the head and its line are left out. */
export function tableUnder({ path, text }: Document, heading: string): string[][] {
  const lines = text.split('\n');
  const start = lines.indexOf(heading);
  const first = lines.findIndex((line, index) => index > start && line.startsWith('|'));
  if (start < 0 || first < 0) throw new Error(`${path} has no table under "${heading}"`);
  const end = lines.findIndex((line, index) => index > first && !line.startsWith('|'));
  return lines.slice(first + 2, end < 0 ? undefined : end).map((row) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

function prose({ path, text }: Document): { line: number; text: string }[] {
  const blocks = codeBlocks({ path, text });
  const inBlock = (line: number) =>
    blocks.some((block) => line >= block.line && line <= block.line + block.code.split('\n').length + 1);
  return text
    .split('\n')
    .map((each, index) => ({ line: index + 1, text: each }))
    .filter(({ line }) => !inBlock(line));
}
