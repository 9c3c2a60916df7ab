import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { operatorEnvironment } from '../../demo/operatorEnvironment.ts';
import type { LogLine, OperatorProcess, StartOptions } from './operator.ts';
import { startOperator } from './operator.ts';
import type { AuditedRequest, OperatorStage } from './operatorStage.ts';
import { startTcpProxy, type TcpProxy } from './tcpProxy.ts';

/** One of several operators that share a Lease, with a network path of its own to the API server. */
export interface Replica extends OperatorProcess {
  readonly proxy: TcpProxy;
  /** In the API server's audit log. */
  readonly address: string;
  /** As its log has it. */
  leads(): boolean;
  /** When (ms since the epoch) it last logged a line that begins so; undefined: never. */
  lastLogged(message: string): number | undefined;
  isReady(): Promise<boolean>;
  stop(): Promise<void>;
}

let count = 0;

/** @param settings the lease's times */
export async function startReplica(
  { server, azure }: OperatorStage,
  settings: Readonly<Record<string, string>>,
  start: StartOptions = {},
): Promise<Replica> {
  count += 1;
  const address = `127.0.1.${count}`;
  const proxy = await startTcpProxy(Number(new URL(server.server).port), address);
  const directory = await mkdtemp(join(tmpdir(), 'replica-'));
  const kubeconfig = join(directory, 'kubeconfig');
  const text = await readFile(server.kubeconfig, 'utf8');
  await writeFile(kubeconfig, text.replaceAll(server.server, `https://127.0.0.1:${proxy.port}`), { mode: 0o600 });
  const environment = await operatorEnvironment(kubeconfig, azure, directory);
  const operator = await startOperator({ ...environment, POD_NAME: `replica-${count}`, ...settings }, start);
  const lastIndex = (message: string) => operator.log.findLastIndex((line) => line.message.startsWith(message));
  const healthPort = operator.log.find((line) => line.message === 'the operator has started')?.healthPort;
  return {
    ...operator,
    proxy,
    address,
    leads: () => lastIndex('leading') > lastIndex('no longer leading'),
    lastLogged: (message) => timeOf(operator.log[lastIndex(message)]),
    isReady: async () => (await fetch(`http://127.0.0.1:${healthPort}/readyz`)).ok,
    stop: async () => {
      await operator.kill();
      await proxy.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function timeOf(line: LogLine | undefined): number | undefined {
  return line === undefined ? undefined : Date.parse(String(line.timestamp));
}

/** What was written to the API server by somebody who did not hold the Lease when the request came in; and how much in all. */
export function writesWithoutLease(
  requests: readonly AuditedRequest[],
  leaseSeconds: number,
): { readonly writes: number; readonly unheld: readonly string[] } {
  const all = requests.filter(({ verb }) => ['create', 'update', 'patch', 'delete'].includes(verb));
  const isLease = ({ objectRef }: AuditedRequest) => objectRef?.resource === 'leases';
  const changes = all
    .filter((each) => isLease(each) && each.responseStatus.code < 300)
    .toSorted((a, b) => a.stageTimestamp.localeCompare(b.stageTimestamp));
  const writes = all.filter((each) => !isLease(each));
  const unheld = writes.filter((write) => {
    // Both are RFC 3339 in UTC with microseconds: text order is time order.
    const held = changes.findLast((change) => change.stageTimestamp <= write.requestReceivedTimestamp);
    if (held === undefined || held.requestObject?.spec?.holderIdentity === '') return true;
    const age = Date.parse(write.requestReceivedTimestamp) - Date.parse(held.stageTimestamp);
    return held.sourceIPs[0] !== write.sourceIPs[0] || age > leaseSeconds * 1000;
  });
  return {
    writes: writes.length,
    unheld: unheld.map(
      (each) => `${each.requestReceivedTimestamp} ${each.sourceIPs[0]} ${each.verb} ${each.requestURI}`,
    ),
  };
}
