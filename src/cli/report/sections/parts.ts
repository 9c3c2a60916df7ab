import type { Verdict } from '../../../core/verdict/evaluation.ts';
import { utc } from '../figures.ts';
import { type Html, html } from '../html.ts';
import { wordFor } from '../model.ts';

/** A verdict as a word with a sign of its own form. */
export function chip(verdict: Verdict): Html {
  const word = wordFor(verdict);
  return named(word, word);
}

/** The same for the experiment, which says Inconclusive. */
export function verdictChip(verdict: 'Pass' | 'Fail' | 'Inconclusive'): Html {
  return named(verdict, verdict === 'Inconclusive' ? 'Undecided' : verdict);
}

function named(word: string, form: 'Pass' | 'Fail' | 'Undecided'): Html {
  const sign = {
    Pass: html`<path d="M3 8.5l3.5 3.5L13 4.5"/>`,
    Fail: html`<path d="M4 4l8 8M12 4l-8 8"/>`,
    Undecided: html`<circle cx="8" cy="8" r="5.5"/><path d="M5.5 8h5"/>`,
  }[form];
  return html`<span class="chip ${form}"><svg viewBox="0 0 16 16" aria-hidden="true">${sign}</svg>${word}</span>`;
}

export function time(at: string): Html {
  return html`<time datetime="${at}">${utc(at)}</time>`;
}

/** A table in a box of its own that scrolls when it is wider than the page. */
export function table(label: string, head: Html, rows: readonly Html[]): Html {
  return html`<div class="table" tabindex="0" role="region" aria-label="${label}"><table><thead>${head}</thead><tbody>${rows}</tbody></table></div>`;
}
