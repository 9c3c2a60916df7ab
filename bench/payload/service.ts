// Log Analytics for bench/payload.ts, as a process of its own: the stand-in of the demo, which executes the KQL.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../demo/azure-monitor/database.ts';
import { createEngine } from '../../demo/azure-monitor/engine.ts';
import { answerQuestions } from '../childProcess.ts';
import { type ServiceAddress, startTelemetryService } from '../telemetryService.ts';
import { busyTime, type Stretch } from './busyTime.ts';
import { fill, keepOnDisk } from './requests.ts';

export type ServiceQuestion = { readonly fill: number } | 'address' | 'figures';

/** What was asked since the last question about it. */
export interface ServiceFigures {
  readonly queries: number;
  readonly rows: number;
  /** Of the answers' bodies. */
  readonly bytes: number;
  /** In which it was at work: from a query's arrival to its answer being ready, and once for queries side by side. */
  readonly milliseconds: number;
}

const directory = await mkdtemp(join(tmpdir(), 'bench-payload-'));
const database = await openDatabase();
await keepOnDisk(database, directory);
let figures = { queries: 0, rows: 0, bytes: 0 };
let stretches: Stretch[] = [];
const engine = createEngine(database);
// The first parse loads and warms Microsoft's parser for seconds.
await engine({ kql: 'print 1', scope: 'workspace', component: 0 });
const service = await startTelemetryService(engine, ({ rows, responseBytes, milliseconds, status }) => {
  if (status !== 200) throw new Error(`a query was answered with ${status}`);
  figures = { queries: figures.queries + 1, rows: figures.rows + rows, bytes: figures.bytes + responseBytes };
  const end = performance.now();
  stretches.push({ start: end - milliseconds, end });
});

answerQuestions(
  async (asked): Promise<ServiceAddress | ServiceFigures | undefined> => {
    const question = asked as ServiceQuestion;
    if (question === 'address') return service.address;
    if (question === 'figures') {
      const told = { ...figures, milliseconds: busyTime(stretches) };
      figures = { queries: 0, rows: 0, bytes: 0 };
      stretches = [];
      return told;
    }
    await fill(database, question.fill);
    return undefined;
  },
  async () => {
    await service.close();
    await database.close();
    await rm(directory, { recursive: true, force: true });
  },
);
