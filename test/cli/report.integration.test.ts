import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderReport } from '../../src/cli/report/renderReport.ts';
import { chromiumBinary } from '../../tools/binaries.ts';
import { crowdedLabels, hiddenDetails, overflow, tabOrder } from '../support/pageChecks.ts';
import {
  inconclusiveFixture,
  labFixture,
  manyRoutesFixture,
  oneRouteFixture,
  withoutEvidenceFixture,
} from '../support/reportFixtures.ts';

const FIXTURES = {
  'V2 Pass': () => labFixture('V2'),
  'V3 Fail latency': () => labFixture('V3'),
  'V4 Fail errors': () => labFixture('V4'),
  Inconclusive: inconclusiveFixture,
  'no evidence': withoutEvidenceFixture,
  'one route': oneRouteFixture,
  '200 routes': manyRoutesFixture,
} as const;

const WIDTHS = [360, 1280];
const SCHEMES = ['light', 'dark'] as const;

let browser: Browser;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mirror-report-'));
  // The sandbox needs rights that containers do not have; the pages are our own.
  browser = await chromium.launch({ executablePath: chromiumBinary(), args: ['--no-sandbox'] });
});
afterAll(async () => {
  await browser?.close();
  await rm(directory, { recursive: true, force: true });
});

const written = new Map<string, Promise<string>>();

/** The page's file, made once. */
function fileOf(fixture: keyof typeof FIXTURES): Promise<string> {
  const known = written.get(fixture);
  if (known !== undefined) return known;
  const made = (async () => {
    const file = join(directory, `${fixture}.html`);
    await writeFile(file, renderReport({ ...(await FIXTURES[fixture]()), now: Date.parse('2026-01-01T01:00:00Z') }));
    return file;
  })();
  written.set(fixture, made);
  return made;
}

interface Opened {
  readonly page: Page;
  /** What the page asked for beside itself, and what its console says. */
  readonly trouble: readonly string[];
}

async function open(
  fixture: keyof typeof FIXTURES,
  options: BrowserContextOptions,
  check: (opened: Opened) => Promise<void>,
): Promise<void> {
  const url = pathToFileURL(await fileOf(fixture)).href;
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  try {
    const page = await context.newPage();
    const trouble: string[] = [];
    page.on('request', (request) => {
      if (request.url() !== url) trouble.push(`request: ${request.url()}`);
    });
    page.on('console', (message) => trouble.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => trouble.push(`error: ${error.message}`));
    await page.goto(url);
    await check({ page, trouble });
    expect(trouble).toEqual([]);
  } finally {
    await context.close();
  }
}

/** Violations of WCAG 2.2 A and AA and of good practice, as axe finds them. */
async function violations(page: Page): Promise<unknown> {
  await page.evaluate(axe.source);
  return page.evaluate(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.slice(0, 3).map(({ html, failureSummary }) => html.slice(0, 200) + ' ' + failureSummary) })))`);
}

const fixtures = Object.keys(FIXTURES) as (keyof typeof FIXTURES)[];

for (const fixture of fixtures) {
  describe(`the report: ${fixture}`, { timeout: 180_000 }, () => {
    for (const width of WIDTHS) {
      for (const colorScheme of SCHEMES) {
        test(`at ${width} px, ${colorScheme}, fits, crowds nothing, is accessible and asks for nothing`, () =>
          open(fixture, { viewport: { width, height: 800 }, colorScheme }, async ({ page }) => {
            expect(await overflow(page)).toEqual([]);
            expect(await violations(page)).toEqual([]);
            expect(await crowdedLabels(page)).toEqual([]);
            // Opened, the details fit as well.
            expect(await overflow(page)).toEqual([]);
          }));
      }
    }

    test('prints everything, without scripts', () =>
      open(fixture, { javaScriptEnabled: false, viewport: { width: 700, height: 900 } }, async ({ page }) => {
        expect((await hiddenDetails(page)).length).toBeGreaterThan(0);
        await page.emulateMedia({ media: 'print' });
        await expect.poll(() => hiddenDetails(page), { timeout: 30_000 }).toEqual([]);
        expect(await overflow(page)).toEqual([]);
        const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
        expect(background).toBe('rgb(255, 255, 255)');
      }));
  });
}

describe('the report', { timeout: 180_000 }, () => {
  test('prints dark pages light, and opens and closes details for printers that need the script', () =>
    open('V3 Fail latency', { colorScheme: 'dark' }, async ({ page }) => {
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
      const closed = () => page.evaluate("document.querySelectorAll('details:not([open])').length");
      const before = await closed();
      expect(before).toBeGreaterThan(0);
      await page.evaluate("dispatchEvent(new Event('beforeprint'))");
      expect(await closed()).toBe(0);
      await page.evaluate("dispatchEvent(new Event('afterprint'))");
      expect(await closed()).toBe(before);
    }));

  test.each(['V3 Fail latency', 'no evidence'] as const)('can be used by keyboard alone: %s', (fixture) =>
    open(fixture, { viewport: { width: 360, height: 800 } }, async ({ page }) => {
      const { order, missed } = await tabOrder(page);
      expect(order[0]).toBe('a Skip to the content');
      expect(missed).toEqual([]);
      expect(order.some((each) => each.startsWith('summary '))).toBe(true);
      await page.locator('details:not([open]) > summary').first().focus();
      const open = () => page.evaluate("document.activeElement.closest('details').open");
      expect(await open()).toBe(false);
      await page.keyboard.press('Enter');
      expect(await open()).toBe(true);
    }),
  );

  test('filters many routes, and tells local times', () =>
    open('200 routes', { timezoneId: 'Asia/Tokyo', locale: 'en-GB' }, async ({ page }) => {
      const rows = () => page.locator('#overview tbody tr:visible').count();
      expect(await rows()).toBe(200);
      await page.fill('#filter', 'orders/77');
      expect(await rows()).toBe(1);
      expect(await page.locator('details.route:visible').count()).toBe(2); // the route, and all together
      expect(await page.textContent('#filtered')).toBe('1 route');
      expect(await page.locator('time').first().getAttribute('title')).toMatch(/1 Jan 2026.*GMT\+9/);
    }));

  test('opens the details of a route that the overview links to', () =>
    open('200 routes', {}, async ({ page }) => {
      const details = page.locator('details:has(> #route-150)');
      expect(await details.getAttribute('open')).toBeNull();
      await page.locator('a[href="#route-150"]').click();
      await expect.poll(() => details.getAttribute('open'), { timeout: 30_000 }).toBe('');
    }));

  test('is written, and names its size', async () => {
    const bytes = async (fixture: keyof typeof FIXTURES) => (await readFile(await fileOf(fixture))).length;
    expect(await bytes('V3 Fail latency')).toBeLessThan(150_000);
    expect(await bytes('200 routes')).toBeLessThan(2_000_000);
  });
});
