import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { createLogAnalytics } from '../../src/adapters/telemetry/logAnalytics.ts';
import type { Telemetry } from '../../src/engine/ports/telemetry.ts';
import { assumeWorkloadIdentity } from '../../test/support/azureIdentity.ts';
import type { BenchOptions, BenchTable, Cell } from '../bench.ts';
import { forkChild } from '../childProcess.ts';
import { quantile } from '../scale/figures.ts';
import { type ServiceAddress, WORKSPACE } from '../telemetryService.ts';
import { createOperator } from './operator.ts';

const SERVICE = join(import.meta.dirname, 'service.ts');
const RESOLUTION_MILLISECONDS = 1;

/** For how long whole looks keep everything else waiting. */
export async function looks({ short, tell }: BenchOptions): Promise<BenchTable> {
  const service = forkChild(SERVICE);
  const ends: (() => unknown)[] = [service.stop];
  try {
    const rows: Cell[][] = [];
    for (const { routes, blocks } of short ? [{ routes: 100, blocks: 10 }] : CASES) {
      tell(`looks: ${routes} routes, ${blocks} blocks`);
      const address = (await service.ask({ routes, blocks })) as ServiceAddress;
      if (rows.length === 0) ends.push(assumeWorkloadIdentity(address));
      const { look, verdict } = await measure(telemetryAt(address), short ? 3 : 60);
      const worst = [0.5, 0.99, 1].map((share) => quantile(look.blocked, share));
      rows.push([routes, blocks, quantile(look.processor, 0.5), ...worst, verdict.processor, verdict.blocked]);
    }
    return {
      title: 'For how long one look blocks the operator (ms)',
      columns: [
        ...['routes in the data', 'blocks', 'processor of a look p50', 'longest stretch p50', 'p99', 'max'],
        ...['processor of the last look, with the verdict', 'longest stretch of it'],
      ],
      rows,
      notes: [
        `A look is one reconcile with the real client: three queries over https to another process that has its answers ready, the verdict, the status; the API server is in memory. Its longest stretch is the longest delay of the event loop (perf_hooks, resolution ${RESOLUTION_MILLISECONDS} ms) from its begin to its end. Other processes on the machine lengthen it; processor time is that of the whole process.`,
      ],
    };
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

const CASES = [1, 100, 1000].flatMap((routes) => [10, 120].map((blocks) => ({ routes, blocks })));

function telemetryAt({ endpoint, authorityHost }: ServiceAddress): Telemetry {
  const scope = 'https://api.loganalytics.io/.default';
  return createLogAnalytics({ endpoint, authorityHost, scope, credential: 'workload' });
}

interface Times {
  readonly processor: number[];
  readonly blocked: number[];
}

async function measure(
  telemetry: Telemetry,
  count: number,
): Promise<{ look: Times; verdict: Record<keyof Times, number> }> {
  const source = { scope: 'workspace', workspaceId: WORKSPACE } as const;
  const read: Telemetry['read'] = (question, window) => telemetry.read({ ...question, source }, window);
  const seconds = 120 + 30 * (count + 4);
  const operator = createOperator(read, {
    ...{ intervalSeconds: 30, warmupSeconds: 0, settleSeconds: 60 },
    ...{ minDurationSeconds: seconds, deadlineSeconds: seconds },
  });
  const look: Times = { processor: [], blocked: [] };
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MILLISECONDS });
  delay.enable();
  try {
    for (;;) {
      await pause(5);
      delay.reset();
      const start = process.cpuUsage();
      const { reads } = await operator.step();
      const { user, system } = process.cpuUsage(start);
      const processor = (user + system) / 1000;
      await pause(5);
      const blocked = delay.max / 1e6 - RESOLUTION_MILLISECONDS;
      if (operator.verdict() !== undefined) return { look: warm(look), verdict: { processor, blocked } };
      if (reads === 1) {
        look.processor.push(processor);
        look.blocked.push(blocked);
      } else if (look.blocked.length > 2 * count) throw new Error(`no verdict: ${operator.describe()}`);
    }
  } finally {
    delay.disable();
  }
}

/** The first tenth warms up. */
function warm({ processor, blocked }: Times): Times {
  const from = Math.floor(blocked.length / 10);
  return { processor: processor.slice(from), blocked: blocked.slice(from) };
}
