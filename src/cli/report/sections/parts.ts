import type { Verdict } from '../../../core/verdict/evaluation.ts';
import { utc } from '../figures.ts';
import { type Html, html } from '../html.ts';
import { wordFor } from '../model.ts';
import { legendSymbols } from './legend.ts';

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
  return html`<span class="chip ${form}"><svg class="sign" aria-hidden="true"><use href="#sign-${form}"/></svg>${word}</span>`;
}

/** Signs and samples that the page uses again and again; to stand once in it. */
export function symbols(): Html {
  return html`<svg id="signs" width="0" height="0" aria-hidden="true"><defs>
<symbol id="sign-Pass" viewBox="0 0 16 16"><path d="M3 8.5l3.5 3.5L13 4.5"/></symbol>
<symbol id="sign-Fail" viewBox="0 0 16 16"><path d="M4 4l8 8M12 4l-8 8"/></symbol>
<symbol id="sign-Undecided" viewBox="0 0 16 16"><circle cx="8" cy="8" r="5.5"/><path d="M5.5 8h5"/></symbol>
${legendSymbols()}
</defs></svg>`;
}

export function time(at: string): Html {
  return html`<time datetime="${at}">${utc(at)}</time>`;
}

/** A table in a box of its own that scrolls when it is wider than the page. */
export function table(label: string, head: Html, rows: readonly Html[], style: 'words' | 'numbers' = 'words'): Html {
  return html`<div class="table" tabindex="0" role="group" aria-label="${label}"><table${style === 'numbers' && html` class="numbers"`}><thead>${head}</thead><tbody>${rows}</tbody></table></div>`;
}
