import { count, percent } from '../../core/status/format.ts';
import type { GateEvaluation } from '../../core/verdict/evaluation.ts';
import type { EvidenceDocument } from '../../core/verdict/evidence.ts';
import { escapeMarkdown } from '../output/escapeMarkdown.ts';
import { factor, points, rise, share, span, utc } from './figures.ts';
import { gateFigures } from './gateFigures.ts';
import {
  needsProof,
  passThreshold,
  type ReportInput,
  type ReportModel,
  type RouteModel,
  reportModel,
  wordFor,
} from './model.ts';
import { sampledWords } from './sections/keyFigures.ts';

/** GitHub's limit of a comment, in characters, with room for what a pipeline puts around it. */
const MOST = 65_000;
/** Rows and gates of a comment that is read; the page has all. */
const MOST_ROUTES = 10;
const GATED_ROUTES = 3;
/** Of a name, so that no name fills the comment. */
const LONGEST_NAME = 200;

/** A finished experiment as a comment on a pull request: the verdict and why, the worst routes, the rest folded in. */
export function renderMarkdown(input: ReportInput): string {
  const model = reportModel(input);
  const { record, verdict, reason, sentence } = model;
  const parts = [
    `### ${MARKS[verdict]} ${cell(record.experiment.name)}: ${verdict}${reason === null ? '' : ` (${cell(reason)})`}`,
    escapeMarkdown(cut(sentence, 4000)),
    ...model.advice.filter((each) => !sentence.includes(each)).map((each) => `- ${escapeMarkdown(cut(each, 1000))}`),
    ...(model.sum === null ? [] : [routeTable(model), gateDetails(model)]),
    circumstances(model),
  ];
  const text = `${parts.join('\n\n')}\n`;
  return text.length <= MOST ? text : `${parts.slice(0, 2).join('\n\n')}\n`;
}

const MARKS = { Pass: '✅', Fail: '❌', Inconclusive: '⚠️', Undecided: '⚠️' } as const;

function routeTable({ routes, sum, evidence }: ReportModel): string {
  const percentiles = evidence.analysis.latency.map(({ percentile }) => `p${percentile}`);
  const shown = routes.slice(0, MOST_ROUTES);
  const rows = sum === null || routes.includes(sum) ? shown : [...shown, sum];
  const more = routes.length - shown.length;
  return [
    `| | Route | Requests, live → candidate | ${percentiles.join(' | ')} | Errors |`,
    `|---|---|--:|${percentiles.map(() => '--:|').join('')}--:|`,
    ...rows.map(routeRow),
    ...(more > 0 ? ['', `And ${count(more)} more ${more === 1 ? 'route' : 'routes'}.`] : []),
  ].join('\n');
}

function routeRow({ title, evaluation, evidence, intervals }: RouteModel): string {
  const cells = [
    MARKS[wordFor(evaluation.verdict)],
    cell(title),
    `${count(evidence.live.requests)} → ${count(evidence.mirror.requests)}`,
    ...intervals.latency.map(({ deltaMilliseconds }) => rise(deltaMilliseconds)),
    points(intervals.errors.deltaPercentagePoints),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Gates of the worst routes. */
function gateDetails({ routes, evidence, verdict }: ReportModel): string {
  const towards = verdict === 'Pass' ? 'Pass' : 'Fail';
  const rows = routes.slice(0, GATED_ROUTES).flatMap((route) =>
    route.evaluation.gates.map((gate) => {
      const figures = gateFigures(evidence, route, gate);
      const { live, candidate, change, interval, tolerated } = figures;
      const word = wordFor(gate.verdict);
      const proof = proofOf(evidence, gate, towards);
      const where = interval === '' ? '' : ` (${interval})`;
      return `| ${MARKS[word]} ${word} | ${cell(route.title)} | ${gate.gate} | ${live} → ${candidate} | ${change}${where} | ${tolerated} | ${proof} |`;
    }),
  );
  return [
    '<details><summary>Gates of the worst routes</summary>',
    '',
    `| | Route | Gate | Live → candidate | Change | Tolerated | Evidence for a ${towards} |`,
    '|---|---|---|--:|--:|--:|--:|',
    ...rows,
    '',
    '</details>',
  ].join('\n');
}

function proofOf(evidence: EvidenceDocument, gate: GateEvaluation, towards: 'Pass' | 'Fail'): string {
  if (towards === 'Fail') return `${factor(gate.logEvidenceFail)} of ${factor(gate.threshold)}`;
  if (!needsProof(evidence, gate.gate)) return 'none needed';
  return `${factor(gate.logEvidencePass)} of ${factor(passThreshold(evidence))}`;
}

function circumstances({ record, evidence, sum, notes }: ReportModel): string {
  const { spec, status, window, experiment } = record;
  const image = status.candidateImage === undefined ? '' : ` (${cell(status.candidateImage)})`;
  return [
    '<details><summary>What was compared</summary>',
    '',
    `- live ${cell(spec.live.version)}, candidate ${cell(spec.mirror.version)}${image}`,
    `- window: ${window === null ? 'none was analysed' : `${utc(window.start)} to ${utc(window.end)} (${span(evidence.elapsedSeconds)})`}`,
    `- copied: ${percent(evidence.mirrorPercent ?? 100)} % of the live requests`,
    ...(sum === null
      ? []
      : [`- live: ${sampledWords(sum.evidence.live)}; candidate: ${sampledWords(sum.evidence.mirror)}`]),
    `- false alarms in at most ${share(evidence.analysis.falseAlarmPercent)} of the runs`,
    ...notes.map((note) => `- ${escapeMarkdown(cut(note, 1000))}`),
    '',
    `The page with distributions and queries: \`kubectl mirror report ${code(experiment.name)} -n ${code(experiment.namespace)}\``,
    '',
    '</details>',
  ].join('\n');
}

function cell(text: string): string {
  return escapeMarkdown(cut(text, LONGEST_NAME));
}

/** Names in a code span: Kubernetes allows no more than these characters. */
function code(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9.-]/g, '');
}

function cut(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}
