// Reads a window of Log Analytics for bench/payload.ts, in a process of its own, so that its memory is that of one way.
import { LogsQueryClient, LogsQueryResultStatus } from '@azure/monitor-query-logs';
import { createCredential } from '../../src/adapters/telemetry/logAnalytics/credential.ts';
import { createLogAnalytics } from '../../src/adapters/telemetry/logAnalytics.ts';
import { question } from '../../test/core/query/questions.ts';
import { assumeWorkloadIdentity } from '../../test/support/azureIdentity.ts';
import { answerQuestions } from '../childProcess.ts';
import { type ServiceAddress, WORKSPACE } from '../telemetryService.ts';
import { LIVE, MIRROR } from './requests.ts';

export interface AskerQuestion {
  readonly address: ServiceAddress;
  /** As the operator does; or every request as a row. */
  readonly way: 'sums' | 'rows';
  /** Ms since the epoch. */
  readonly start: number;
  readonly end: number;
}

export interface AskerFigures {
  readonly milliseconds: number;
  /** Of this process. */
  readonly processorMilliseconds: number;
  /** The most that it has had in memory so far. */
  readonly megabytes: number;
  /** Requests that it has read of. */
  readonly requests: number;
}

const SCOPE = 'https://api.loganalytics.io/.default';
/** The stand-in takes minutes where the service takes seconds. */
const TIMEOUT_SECONDS = 1200;

let forget = (): void => {};
let ways: Record<AskerQuestion['way'], (window: { start: number; end: number }) => Promise<number>> | undefined;

answerQuestions(
  async (asked): Promise<AskerFigures> => {
    const { address, way, start, end } = asked as AskerQuestion;
    ways ??= connect(address);
    const before = { at: performance.now(), cpu: process.cpuUsage() };
    const requests = await ways[way]({ start, end });
    const { user, system } = process.cpuUsage(before.cpu);
    return {
      milliseconds: performance.now() - before.at,
      processorMilliseconds: (user + system) / 1000,
      megabytes: process.resourceUsage().maxRSS / 1024,
      requests,
    };
  },
  async () => forget(),
);

function connect(address: ServiceAddress): NonNullable<typeof ways> {
  forget = assumeWorkloadIdentity(address);
  const { endpoint, authorityHost } = address;
  const settings = { endpoint, authorityHost, scope: SCOPE, credential: 'workload' } as const;
  const telemetry = createLogAnalytics({ ...settings, timeoutSeconds: TIMEOUT_SECONDS });
  const client = new LogsQueryClient(createCredential('workload', authorityHost), {
    ...{ endpoint, credentials: { scopes: [SCOPE] } },
  });
  return {
    sums: async (window) => {
      const { routes } = await telemetry.read(asked(), window);
      return routes.reduce((sum, { live, mirror }) => sum + live.requests + mirror.requests, 0);
    },
    rows: async ({ start, end }) => {
      const options = { serverTimeoutInSeconds: 600 };
      const timespan = { startTime: new Date(start), endTime: new Date(end) };
      const result = await client.queryWorkspace(WORKSPACE, rowsQuery({ start, end }), timespan, options);
      if (result.status !== LogsQueryResultStatus.Success)
        throw new Error('the rows are more than the service returns');
      return result.tables.reduce((sum, { rows }) => sum + rows.length, 0);
    },
  };
}

function asked() {
  const source = { scope: 'workspace', workspaceId: WORKSPACE } as const;
  return question({ source, liveVersion: LIVE, mirrorVersion: MIRROR });
}

/** What a comparison needs of each request. */
function rowsQuery({ start, end }: { start: number; end: number }): string {
  const instant = (at: number): string => `datetime(${new Date(at).toISOString()})`;
  return `AppRequests
| where TimeGenerated >= ${instant(start)} and TimeGenerated < ${instant(end)}
| extend Version = tostring(Properties["VersionTag"])
| where Version in ("${LIVE}", "${MIRROR}")
| project TimeGenerated, Name, DurationMs, Success, ResultCode, ItemCount, OperationId, Version`;
}
