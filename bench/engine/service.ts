// Log Analytics for bench/engine/looks.ts, as a process of its own: answers that are ready before they are asked for.
import type { Table } from '../../demo/azure-monitor/contract.ts';
import { answerQuestions } from '../childProcess.ts';
import { startTelemetryService } from '../telemetryService.ts';
import { type Answers, answersOf } from './traffic.ts';

/** How many routes and blocks the answers have from now on; it is answered with the service's address. */
export interface ServiceQuestion {
  readonly routes: number;
  readonly blocks: number;
}

let answers: Answers | undefined;

const service = await startTelemetryService(async ({ kql }) => {
  const table = answers?.[kindOf(kql)];
  if (table === undefined) throw new Error('nobody has said what to answer');
  return { table: { name: 'PrimaryResult', ...table } as Table, truncated: false };
});

function kindOf(kql: string): keyof Answers {
  if (kql.includes('\nlet Cells = materialize(Rows\n')) return 'cells';
  if (kql.includes(', Block = tolong(floor(')) return 'blocks';
  if (kql.includes('hint.shufflekey = Operation')) return 'pairs';
  throw new Error(`an unknown query: ${kql.slice(0, 200)}`);
}

answerQuestions(async (question) => {
  const { routes, blocks } = question as ServiceQuestion;
  answers = answersOf({ routes, blocks, fold: true });
  return service.address;
}, service.close);
