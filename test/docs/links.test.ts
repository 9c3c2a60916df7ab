import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { anchors, documents, links, ROOT, readDocument, resolveLink } from './documents.ts';

const pages = documents();

test.for(pages.map((page) => [page.path, page] as const))('every link of %s leads somewhere', ([, page]) => {
  const broken = links(page).flatMap((link) => {
    const resolved = resolveLink(link);
    if (resolved === undefined) return [];
    const { file, anchor } = resolved;
    const where = `line ${link.line}: ${link.target}`;
    if (!existsSync(join(ROOT, file))) return [`${where} (no such file)`];
    if (anchor === '') return [];
    if (statSync(join(ROOT, file)).isDirectory()) return [`${where} (a directory has no anchors)`];
    return anchors(readDocument(file)).has(anchor) ? [] : [`${where} (no such heading)`];
  });
  expect(broken).toEqual([]);
});

test('every page is reached from the README', () => {
  const reached = new Set<string>();
  const visit = (path: string) => {
    if (reached.has(path) || !path.endsWith('.md')) return;
    reached.add(path);
    for (const link of links(readDocument(path))) visit(resolveLink(link)?.file ?? '');
  };
  visit('README.md');
  expect(pages.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
});

test('links lead to other sites by https only', () => {
  const others = pages.flatMap(links).filter((link) => resolveLink(link) === undefined);
  expect(others.filter(({ target }) => !target.startsWith('https://'))).toEqual([]);
});

test('anchors are those of GitHub', () => {
  const text = '# A `b` c.d[]\n\n## Who may read what: X_Y\n\n## Same\n\n## Same\n\n```\n# not this\n```\n';
  expect([...anchors({ path: 'x.md', text })]).toEqual(['a-b-cd', 'who-may-read-what-x_y', 'same', 'same-1']);
});
