import type { ExitCode } from '../../api/exitCodes.ts';
import { parseEvidence } from '../../core/evidence/parseEvidence.ts';
import { type WhatIf, whatIf } from '../../core/evidence/whatIf.ts';
import { evaluate } from '../../core/verdict/evaluate.ts';
import type { EvidenceDocument } from '../../core/verdict/evidence.ts';
import type { Call } from '../command.ts';
import { errorText, readEvidenceFile } from '../evidenceFile.ts';
import { disagreement, evaluationLine, judgedResult } from '../judgedResult.ts';
import { linesOf } from '../lines.ts';
import { plain } from '../output/plain.ts';
import { render } from '../output/render.ts';
import { MOST_BYTES, readText } from '../readText.ts';
import { UsageError } from '../usageError.ts';
import { choiceOf, flagOf } from '../values.ts';
import { readWhatIf } from '../whatIfFlags.ts';

/** The verdict on evidence, without a cluster: of one file, or of a document a line. */
export async function run(call: Call): Promise<ExitCode> {
  const [file = ''] = call.operands;
  const change = readWhatIf(call.values);
  return file === '-' ? judgeLines(call, change) : judgeFile(call, file, change);
}

async function judgeFile({ values, terminal }: Call, file: string, change: WhatIf): Promise<ExitCode> {
  const format = choiceOf(values, 'output', ['human', 'json', 'yaml', 'markdown', 'junit'], 'human');
  const { document, record } = await readEvidenceFile(await readText(file), file);
  const changed = whatIf(document, change);
  if (changed.kind === 'invalid') throw new UsageError(errorText(changed.errors));
  const asRecorded = Object.keys(change).length === 0 ? record : undefined;
  const subject = record === undefined ? file : `${record.experiment.namespace}/${record.experiment.name}`;
  const intervals = flagOf(values, 'intervals');
  const evaluation = evaluate(changed.document);
  const result = judgedResult(subject, changed.document, evaluation, { intervals, record: asRecorded });
  const differs = disagreement(result, asRecorded);
  if (differs !== undefined) terminal.err(`warning: ${plain(differs)}\n`);
  await terminal.out(render(result, format));
  return result.exitCode;
}

/** One result a line, in the order of the documents; what cannot be judged is told on standard error with its line. */
async function judgeLines({ values, terminal, input, interrupted }: Call, change: WhatIf): Promise<ExitCode> {
  const format = choiceOf(values, 'output', ['json'], 'json');
  const intervals = flagOf(values, 'intervals');
  let failed = false;
  for await (const lines of linesOf(input, MOST_BYTES)) {
    for (const { number, text } of lines) {
      if (interrupted.aborted) return 130;
      if (text?.trim() === '') continue;
      const judged = judgeLine(text, change, intervals);
      if ('error' in judged) {
        failed = true;
        terminal.err(`${JSON.stringify({ line: number, ...judged })}\n`);
      } else await terminal.out(`${JSON.stringify(judged)}\n`);
    }
    // Signals are heard between two turns of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (interrupted.aborted) return 130;
  return failed && format === 'json' ? 3 : 0;
}

function judgeLine(text: string | null, change: WhatIf, intervals: boolean): object {
  if (text === null) return { error: `the line has more than ${MOST_BYTES / 1024 / 1024} MiB` };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const hint = 'judge - reads one JSON document per line; give a file, or /dev/stdin, for a ConfigMap';
    return { error: `not JSON: ${error instanceof Error ? error.message : String(error)}; ${hint}` };
  }
  const parsed = parseEvidence(value);
  if (parsed.kind === 'invalid') return { error: 'no valid evidence', errors: parsed.errors };
  const changed = whatIf(parsed.document, change);
  if (changed.kind === 'invalid') return { error: 'cannot be judged so', errors: changed.errors };
  return evaluationOf(changed.document, intervals);
}

function evaluationOf(document: EvidenceDocument, intervals: boolean): object {
  return evaluationLine(document, evaluate(document), intervals);
}
