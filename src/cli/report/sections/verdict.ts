import { percent } from '../../../core/status/format.ts';
import { factor } from '../figures.ts';
import { gateFigures } from '../gateFigures.ts';
import { type Html, html } from '../html.ts';
import type { ReportModel } from '../model.ts';
import { passThreshold } from '../model.ts';
import { verdictChip } from './parts.ts';

/** What came out, why, and the gate on which it hangs. */
export function verdictSection(model: ReportModel): Html {
  const { record, verdict, sentence, meaning, advice } = model;
  const sentences = advice.filter((each) => !sentence.includes(each));
  return html`<p class="eyebrow">MirrorExperiment in namespace ${record.experiment.namespace}</p>
<div class="verdict ${verdict}">
<h1>${verdictChip(verdict)} ${record.experiment.name}</h1>
<p class="lead">${sentence}</p>
${meaning !== null && html`<p class="quiet">${meaning}</p>`}
</div>
${decisive(model)}
${sentences.length > 0 && html`<p>What would decide it:</p><ul class="notes">${sentences.map((each) => html`<li>${each}</li>`)}</ul>`}`;
}

function decisive(model: ReportModel): Html | null {
  const { decisive: found, evidence, verdict } = model;
  if (found === null) return null;
  const { route, gate } = found;
  const { live, candidate, change, interval, tolerated, limit } = gateFigures(evidence, route, gate);
  const [log, threshold] =
    verdict === 'Fail' ? [gate.logEvidenceFail, gate.threshold] : [gate.logEvidencePass, passThreshold(evidence)];
  return html`<p>${
    verdict === 'Fail'
      ? html`Decided by <strong>${gate.gate}</strong> of <strong>${route.title}</strong>:`
      : html`Every gate that has to pass did. The closest was <strong>${gate.gate}</strong> of <strong>${route.title}</strong>:`
  }</p>
<dl class="figures">
<div><dt>Live</dt><dd>${live}</dd></div>
<div><dt>Candidate</dt><dd>${candidate}</dd></div>
<div><dt>Change</dt><dd>${change}${interval !== '' && html`<small>${interval}</small>`}</dd></div>
<div><dt>Tolerated</dt><dd>${tolerated}${limit !== '' && html`<small>${limit}</small>`}</dd></div>
<div><dt>Evidence for a ${verdict}</dt><dd>${factor(log)}<small>${factor(threshold)} is needed</small></dd></div>
</dl>
<p class="quiet">${
    verdict === 'Fail'
      ? `A candidate within its tolerances fails an experiment in at most ${percent(evidence.analysis.falseAlarmPercent)} % of the runs, over all routes, gates and looks together.`
      : `A candidate out of tolerance on all routes together, or on a major one, passes in at most ${percent(evidence.analysis.falseAlarmPercent)} % of the runs.`
  }</p>`;
}
