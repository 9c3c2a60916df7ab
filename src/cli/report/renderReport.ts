import { createHash } from 'node:crypto';
import { utc } from './figures.ts';
import { type Html, html, trusted } from './html.ts';
import { type ReportInput, type ReportModel, reportModel } from './model.ts';
import { SCRIPT } from './script.ts';
import { courseSection } from './sections/course.ts';
import { keyFigures } from './sections/keyFigures.ts';
import { methodSection } from './sections/method.ts';
import { symbols } from './sections/parts.ts';
import { routesSection } from './sections/routes.ts';
import { verdictSection } from './sections/verdict.ts';
import { STYLE } from './style.ts';

/** By which a page of ours is told from other files. */
const GENERATOR = 'kubectl-mirror report';

/** True for text that begins as a page made by renderReport. */
export function isReport(text: string): boolean {
  return text.startsWith('<!doctype html>') && text.includes(`<meta name="generator" content="${GENERATOR}">`);
}

/**
 * A finished experiment as one HTML page: no file beside it, no network (its security policy forbids both), and complete
 * without scripts. The same input gives the same page. About 25 kB and 17 kB a route; 8 kB for one in brief.
 * @throws RangeError when the evidence has a histogram bucket that is no integer, or a block lacks a percentile
 */
export function renderReport(input: ReportInput): string {
  const model = reportModel(input);
  return `<!doctype html>\n${page(model).text}\n`;
}

function page(model: ReportModel): Html {
  const { record, verdict } = model;
  const policy = `default-src 'none'; style-src '${hashOf(STYLE)}'; script-src '${hashOf(SCRIPT)}'; base-uri 'none'; form-action 'none'`;
  return html`<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="${GENERATOR}">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${verdict}: ${record.experiment.name}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
${symbols()}
<a class="skip" href="#content">Skip to the content</a>
<header>
${verdictSection(model)}
<nav aria-label="Sections"><ul>${navigation(model).map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
</header>
<main id="content" tabindex="-1">
${notes(model)}
${keyFigures(model)}
${routesSection(model)}
${courseSection(model)}
${methodSection(model)}
</main>
<footer>${model.now === undefined ? 'Made' : `Made ${utc(new Date(model.now).toISOString())}`} from the evidence of ${record.experiment.namespace}/${record.experiment.name}. Times are UTC. Requests undo sampling; latency is that of successful requests.</footer>
<script>${trusted(SCRIPT)}</script>
</body>
</html>`;
}

function navigation({ sum, routes }: ReportModel): readonly (readonly [string, string])[] {
  return [
    ...(sum === null ? [] : [['figures', 'Key figures'] as const]),
    ['routes', routes.length === 1 ? 'Route' : 'Routes'],
    ...(routes.length > 1 ? [['all', 'All routes together'] as const] : []),
    ['course', 'Course'],
    ['method', 'What was compared'],
  ];
}

function notes({ notes }: ReportModel): Html | null {
  if (notes.length === 0) return null;
  return html`<section aria-labelledby="notes"><h2 id="notes">About this report</h2><ul class="notes">${notes.map((each) => html`<li>${each}</li>`)}</ul></section>`;
}

/** The policy names what may run and style by its hash, so that markup which got in could do neither. */
function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
