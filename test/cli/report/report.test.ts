import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { type DefaultTreeAdapterTypes, parse } from 'parse5';
import { beforeAll, describe, expect, it } from 'vitest';
import { escapeMarkdown } from '../../../src/cli/output/escapeMarkdown.ts';
import { reportModel } from '../../../src/cli/report/model.ts';
import { renderMarkdown } from '../../../src/cli/report/renderMarkdown.ts';
import { isReport, renderReport } from '../../../src/cli/report/renderReport.ts';
import {
  inconclusiveFixture,
  labFixture,
  manyRoutesFixture,
  oneRouteFixture,
  type ReportFixture,
  withoutEvidenceFixture,
} from '../../support/reportFixtures.ts';

type Node = DefaultTreeAdapterTypes.Node;
type Element = DefaultTreeAdapterTypes.Element;

let v3: ReportFixture;
beforeAll(async () => {
  v3 = await labFixture('V3');
});

describe('the page', () => {
  it('says in words what came out, why, and on which gate it hangs', () => {
    const text = textOf(parse(renderReport(v3)));
    expect(text).toContain('Fail bookservice-v3');
    expect(text).toMatch(/p50 of GET Reviews\/Get rose 1,1\d\d ms \(15 → 1,2\d\d; tolerated 20\) after 100 requests/);
    expect(text).toMatch(/Decided by p50 of GET Reviews\/Get/);
  });

  it('shows the queries word for word, with the window', () => {
    const codes = elements(parse(renderReport(v3)), 'code').map(textOf);
    for (const { kql } of v3.record.queries) expect(codes).toContain(kql);
    expect(v3.record.queries.length).toBeGreaterThan(0);
  });

  it('describes each plot and has headings in order, one of the first level', () => {
    const page = parse(renderReport(v3));
    for (const svg of elements(page, 'svg').filter((each) => attribute(each, 'role') === 'img')) {
      const label = attribute(svg, 'aria-label');
      const [title, description] = [elements(svg, 'title'), elements(svg, 'desc')].map(
        ([first]) => first && textOf(first),
      );
      expect(label ?? (title && description)).toMatch(/\w/);
    }
    const levels = ['h1', 'h2', 'h3', 'h4'];
    const headings = all(page).flatMap((each) => (levels.includes(each.tagName) ? [Number(each.tagName[1])] : []));
    expect(headings.filter((level) => level === 1)).toHaveLength(1);
    headings.slice(1).forEach((level, index) => {
      expect(level).toBeLessThanOrEqual((headings[index] ?? 0) + 1);
    });
  });

  it('forbids all network, and lets only its own style and script in', () => {
    const page = parse(renderReport(v3));
    const policy = elements(page, 'meta').find((each) => attribute(each, 'http-equiv') === 'Content-Security-Policy');
    const content = attribute(policy as Element, 'content') ?? '';
    expect(content).toMatch(/^default-src 'none';/);
    for (const tag of ['style', 'script']) {
      const found = elements(page, tag);
      expect(found).toHaveLength(1);
      const hash = createHash('sha256')
        .update(textOf(found[0] as Element))
        .digest('base64');
      expect(content).toContain(`${tag}-src 'sha256-${hash}'`);
    }
    const outside = all(page).flatMap(({ attrs }) =>
      attrs.filter(({ name, value }) => /^(src|href)$/.test(name) && !value.startsWith('#')),
    );
    expect(outside).toEqual([]);
    expect(
      all(page).flatMap(({ attrs }) => attrs.filter(({ name }) => name === 'style' || name.startsWith('on'))),
    ).toEqual([]);
  });

  it('has every id once, and every reference leads to one', () => {
    const page = all(parse(renderReport(v3)));
    const ids = page.flatMap((each) => attribute(each, 'id') ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    const references = page.flatMap((each) => [
      ...(attribute(each, 'href')?.slice(1) ?? '').split(' '),
      ...(attribute(each, 'aria-labelledby') ?? '').split(' '),
      ...(attribute(each, 'for') ?? '').split(' '),
    ]);
    expect(references.filter((id) => id !== '' && !ids.includes(id))).toEqual([]);
  });

  it('is the same for the same input, and is known as a report', () => {
    expect(renderReport(v3)).toBe(renderReport(v3));
    expect(isReport(renderReport(v3).slice(0, 4096))).toBe(true);
    expect(isReport('<!doctype html><title>x</title>')).toBe(false);
  });

  it('is complete without evidence', async () => {
    const text = textOf(parse(renderReport(await withoutEvidenceFixture())));
    expect(text).toContain('Inconclusive bookservice-v6');
    expect(text).toContain('the workspace answered 503');
    expect(text).toContain('No telemetry was compared');
  });

  it('says what would decide it where nothing is decided', async () => {
    expect(textOf(parse(renderReport(await inconclusiveFixture())))).toMatch(/needs at least 50: send more traffic/);
  });

  it('tells the sampled share', () => {
    expect(textOf(parse(renderReport(oneRouteFixture())))).toMatch(/from 3,600 sampled \(25.%\)/);
  });
});

const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onload='alert(1)",
  '</title></style></script><h1>x',
  '<!-- ',
  ']]>',
  '&lt;b&gt;&#60;',
  '` $(x)',
  '\u202eevil',
  '\u0000\u0008\ud800',
  '__proto__',
  'constructor',
  '|x|\n# y',
];
const names = fc.oneof(
  fc.constantFrom(...hostile),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(fc.constantFrom('<', '>', '"', "'", '&', '`', '=', '/', 'a', ' '), { maxLength: 20 })
    .map((each) => each.join('')),
);

/** The fixture with every text from outside replaced. */
function renamed({ evidence, record }: ReportFixture, name: string): ReportFixture {
  const text = (index: number) => `${name}${index}`;
  const routes = evidence.routes.map((route, index) => ({ ...route, name: text(index) }));
  const indexOf = (route: string) => evidence.routes.findIndex((each) => each.name === route);
  const mapped = (route: string) => (indexOf(route) < 0 ? route : text(indexOf(route)));
  const codes = (weights: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(weights).map(([code, weight]) => [`${name}${code}`, weight]));
  return {
    evidence: { ...evidence, routes },
    record: {
      ...record,
      experiment: { ...record.experiment, namespace: name, name, uid: name },
      spec: {
        ...record.spec,
        live: { service: name, version: name },
        mirror: { ...record.spec.mirror, service: name, version: name },
        telemetry: {
          logAnalytics: { ...record.spec.telemetry.logAnalytics, workspaceId: name, versionProperty: name },
        },
      },
      status: {
        ...record.status,
        summary: `Fail: ${name}`,
        candidateImage: name,
        conditions: (record.status.conditions ?? []).map((each) => ({ ...each, reason: name, message: name })),
      },
      queries: record.queries.map((query) => ({ ...query, kql: name })),
      resultCodes: record.resultCodes.map(({ route, live, mirror }) => ({
        route: mapped(route),
        live: codes(live),
        mirror: codes(mirror),
      })),
      trace: record.trace && {
        ...record.trace,
        gates: record.trace.gates.map((gate) => ({ ...gate, route: mapped(gate.route) })),
      },
      leftOut: [name],
    },
  };
}

describe('text from outside', () => {
  it('never becomes a tag or an attribute', () => {
    const shape = (input: ReportFixture) =>
      all(parse(renderReport(input)))
        .filter(({ tagName }) => tagName !== 'wbr')
        .map(({ tagName, attrs }) => `${tagName} ${attrs.map(({ name }) => name).join(' ')}`);
    const plain = shape(renamed(v3, 'plain'));
    fc.assert(
      fc.property(names, (name) => {
        expect(shape(renamed(v3, name))).toEqual(plain);
      }),
      { numRuns: 40, examples: hostile.map((each) => [each] as [string]) },
    );
  });

  it('is there to be read', () => {
    const name = hostile.slice(0, 6).join(' ');
    const text = textOf(parse(renderReport(renamed(v3, name))));
    expect(text.split(name).length).toBeGreaterThan(20);
  });
});

describe('the order of routes', () => {
  it('has failed routes first, the clearest before the others, then what is undecided, then what passes', () => {
    const { routes, sum } = reportModel(manyRoutesFixture());
    expect(sum?.title).toBe('All routes together');
    const verdicts = routes.map(({ evaluation }) => evaluation.verdict);
    const rank = { Fail: 0, Inconclusive: 1, Running: 1, Pass: 2 };
    expect(verdicts.map((verdict) => rank[verdict])).toEqual(verdicts.map((verdict) => rank[verdict]).toSorted());
    expect(verdicts[0]).toBe('Fail');
    const detailed = routes.filter(({ detail }) => detail === 'full');
    expect(detailed.length).toBe(Math.max(10, verdicts.filter((verdict) => verdict === 'Fail').length));
    expect(routes[0]?.name).toContain('orders/77'); // lost copies
  });

  it('shows every route of a real experiment in full', () => {
    expect(reportModel(manyRoutesFixture(50)).routes.every(({ detail }) => detail === 'full')).toBe(true);
  });
});

describe('the comment', () => {
  it('is short for the lab, and has the verdict, the figures and folded details', async () => {
    for (const version of ['V2', 'V3', 'V4'] as const)
      expect(renderMarkdown(await labFixture(version)).length).toBeLessThan(4096);
    const text = renderMarkdown(v3);
    expect(text).toMatch(/^### ❌ bookservice-v3: Fail \(Latency\)\n/);
    expect(text).toMatch(/\| ❌ \| GET Reviews\/Get \| 100 → 100 \| \+1,1\d\d.ms \|/);
    expect(text.match(/<details>/g)).toHaveLength(text.match(/<\/details>/g)?.length ?? 0);
  });

  it('stays within the limit of a comment, however long the names are', () => {
    for (const text of [renderMarkdown(manyRoutesFixture()), renderMarkdown(renamed(v3, '<|`'.repeat(30_000)))]) {
      expect(text.length).toBeLessThan(65_536);
    }
  });

  it('keeps its rows and its HTML, whatever the names are', () => {
    const shape = (text: string) =>
      text
        .split('\n')
        .map((line) =>
          line.startsWith('|') ? line.replaceAll(/\\./g, '').split('|').length : line.replace(/[^<].*/, ''),
        );
    const plain = shape(renderMarkdown(renamed(v3, 'plain')));
    fc.assert(
      fc.property(names, (name) => {
        expect(shape(renderMarkdown(renamed(v3, name)))).toEqual(plain);
      }),
      { numRuns: 60, examples: hostile.map((each) => [each] as [string]) },
    );
  });

  it('mentions nobody, links nowhere and begins no list', () => {
    expect(escapeMarkdown('ask @team or http://x.y/ www.x.y [a](b) #12')).toBe(
      'ask @\u200bteam or http:\u200b//x.y/ www\u200b.x.y \\[a\\]\\(b\\) \\#\u200b12',
    );
    expect(escapeMarkdown('- a\n1. b')).toBe('\\- a 1. b');
    expect(escapeMarkdown('<b>&amp;')).toBe('&lt;b&gt;&amp;amp;');
  });
});

function all(node: Node): Element[] {
  const children = 'childNodes' in node ? node.childNodes : [];
  return children.flatMap((child) => ('tagName' in child ? [child, ...all(child)] : all(child)));
}

function elements(node: Node, tagName: string): Element[] {
  return all(node).filter((each) => each.tagName === tagName);
}

function attribute({ attrs }: Element, name: string): string | undefined {
  return attrs.find((each) => each.name === name)?.value;
}

function textOf(node: Node): string {
  if (node.nodeName === '#text' && 'value' in node) return node.value;
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : '';
}
