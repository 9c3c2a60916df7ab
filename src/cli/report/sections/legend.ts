import { type Html, html } from '../html.ts';

/** What lines and marks of the distribution plots mean. */
export function distributionLegend(): Html {
  return html`<ul class="legend">
<li><svg class="wide" aria-hidden="true"><rect class="area-live" y="3" width="22" height="11"/><line class="line-live" x2="22" y1="3" y2="3"/><path class="dot-live" d="M33 11l-5-8h10z"/></svg>live</li>
<li><svg class="wide" aria-hidden="true"><line class="line-mirror" x2="22" y1="7" y2="7"/><path class="dot-mirror" d="M33 4l-5 8h10z"/></svg>candidate</li>
<li><svg aria-hidden="true"><rect class="tolerance" y="2" width="22" height="11"/><line class="limit" x1="23" x2="23" y1="0" y2="14"/></svg>tolerated</li>
<li><svg aria-hidden="true"><line class="interval" x2="26" y1="7" y2="7"/></svg>interval of the candidate’s</li>
</ul>`;
}

export function evidenceLegend(): Html {
  return html`<ul class="legend">
<li><svg aria-hidden="true"><line class="line-fail" x2="26" y1="7" y2="7"/></svg>towards a Fail (solid)</li>
<li><svg aria-hidden="true"><line class="line-pass" x2="26" y1="7" y2="7"/></svg>towards a Pass (dotted)</li>
<li><svg class="evidence" aria-hidden="true"><line class="limit" x2="26" y1="7" y2="7"/></svg>what either needs (dashed); what is far beyond is cut off</li>
</ul>`;
}
