import { type Html, html } from '../html.ts';

/** What lines and marks of the distribution plots mean. */
export function distributionLegend(hasIntervals: boolean): Html {
  return html`<ul class="legend"><li>${sample('live')}live</li><li>${sample('mirror')}candidate</li><li>${sample('tolerated')}tolerated</li>${hasIntervals && html`<li>${sample('interval')}interval of the candidate’s</li>`}</ul>`;
}

export function evidenceLegend(): Html {
  return html`<ul class="legend"><li>${sample('fail')}towards a Fail</li><li>${sample('pass')}towards a Pass</li><li>${sample('needed')}what either needs; beyond it, and below none, the scale is compressed</li></ul>`;
}

function sample(name: string): Html {
  return html`<svg aria-hidden="true"><use href="#key-${name}"/></svg>`;
}

/** The samples, to stand once in the page. */
export function legendSymbols(): Html {
  return html`<path id="mark-live" class="dot-live" d="M0-1L-5-9H5Z"/><path id="mark-mirror" class="dot-mirror" d="M0 2L-5 10H5Z"/>
<symbol id="key-live"><path class="line-live area" d="M1 13V4H21V13"/><path class="dot-live" d="M33 12l-5-8h10z"/></symbol>
<symbol id="key-mirror"><line class="line-mirror" x2="21" y1="7" y2="7"/><path class="dot-mirror" d="M33 4l-5 8h10z"/></symbol>
<symbol id="key-tolerated"><rect class="tolerance" y="1" width="34" height="12"/><line class="limit" x1="35" x2="35" y2="14"/></symbol>
<symbol id="key-interval"><line class="interval" x2="38" y1="7" y2="7"/></symbol>
<symbol id="key-fail"><line class="line-fail" x2="38" y1="7" y2="7"/></symbol>
<symbol id="key-pass"><line class="line-pass" x2="38" y1="7" y2="7"/></symbol>
<symbol id="key-needed"><line class="needed" x2="38" y1="7" y2="7"/></symbol>`;
}
