import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { type AzureMonitor, startAzureMonitor } from '../../demo/azure-monitor/index.ts';
import { operatorEnvironment } from '../../demo/operatorEnvironment.ts';
import { type ApiServer, startApiServer } from './apiServer.ts';
import { kubectl } from './kubectl.ts';
import { type LabOptions, type LiveLab, startLab } from './liveLab.ts';
import { type OperatorProcess, type StartOptions, startOperator } from './operator.ts';

/** A cluster of its own with deploy/ applied, and Azure: what operators need. */
export interface OperatorStage {
  readonly server: ApiServer;
  readonly azure: AzureMonitor;
  operator(options?: OperatorOptions): Promise<OperatorProcess>;
  /** A lab that ends with the test. */
  lab(context: Pick<TestContext, 'onTestFinished'>, options?: Partial<LabOptions>): Promise<LiveLab>;
  /** Every request that the operator and the dead man's switch of deploy/ have made and that has been answered. */
  requests(): Promise<readonly AuditedRequest[]>;
  /** Ends everything, operators too. */
  stop(): Promise<void>;
}

export interface OperatorOptions extends StartOptions {
  /** Default: the stage's. */
  readonly azure?: AzureMonitor;
  /** Default: that of deploy/. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
  /** Settings by environment variable, e.g. WATCH_NAMESPACE. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A line of the API server's audit log. */
export interface AuditedRequest {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly requestURI: string;
  readonly responseStatus: { readonly code: number };
  readonly objectRef?: { readonly resource?: string; readonly namespace?: string; readonly subresource?: string };
  /** RFC 3339, with microseconds, as the next. */
  readonly requestReceivedTimestamp: string;
  /** When it was answered. */
  readonly stageTimestamp: string;
  readonly sourceIPs: readonly string[];
  /** Of a write of a Lease. */
  readonly requestObject?: { readonly spec?: { readonly holderIdentity?: string } };
}

const AUDITED_USERS = ['mirror-experiment', 'mirror-experiment-dead-mans-switch'].map(
  (name) => `system:serviceaccount:mirror-experiment-system:${name}`,
);
const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [
    { level: 'Request', users: AUDITED_USERS, resources: [{ group: 'coordination.k8s.io' }] },
    { level: 'Metadata', users: AUDITED_USERS },
    { level: 'None' },
  ],
};

export async function setOperatorStage(): Promise<OperatorStage> {
  const directory = await mkdtemp(join(tmpdir(), 'operator-stage-'));
  const [policy, auditLog] = [join(directory, 'policy.json'), join(directory, 'audit.log')];
  await writeFile(policy, JSON.stringify(AUDIT_POLICY));
  const flags = { 'audit-policy-file': policy, 'audit-log-path': auditLog };
  const [server, azure] = await Promise.all([startApiServer({ crds: false, flags }), startAzureMonitor()]);
  const { kubeconfig } = server;
  const operators: OperatorProcess[] = [];
  const usual = Promise.withResolvers<Record<string, string>>();
  /** Most operators are the one of deploy/ and ask the stage's Azure. */
  const identity = async (other: AzureMonitor, serviceAccount: OperatorOptions['serviceAccount']) =>
    other === azure && serviceAccount === undefined
      ? usual.promise
      : operatorEnvironment(kubeconfig, other, await mkdtemp(join(directory, 'identity-')), serviceAccount);
  const stop = async (): Promise<void> => {
    await Promise.all(operators.map((operator) => operator.kill()));
    await Promise.all([azure.close(), server.stop()]);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const applied = await kubectl(kubeconfig, ['apply', '-k', join(import.meta.dirname, '..', '..', 'deploy')]);
    if (applied.code !== 0) throw new Error(`deploy/ was not applied: ${applied.stderr}`);
    usual.resolve(await operatorEnvironment(kubeconfig, azure, directory));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    server,
    azure,
    operator: async ({ azure: other = azure, serviceAccount, settings = {}, ...start } = {}) => {
      // Operators of one namespace each act side by side, and one that follows a killed one need not await its lease's end.
      const alone = settings.WATCH_NAMESPACE === undefined ? {} : { LEADER_ELECTION: 'false' };
      const operator = await startOperator(
        { ...(await identity(other, serviceAccount)), ...alone, ...settings },
        start,
      );
      operators.push(operator);
      return operator;
    },
    lab: async ({ onTestFinished }, more) => {
      const lab = await startLab({ kubeconfig, azure, ...more });
      onTestFinished(() => lab.stop());
      return lab;
    },
    requests: async () => {
      const lines = (await readFile(auditLog, 'utf8')).trimEnd().split('\n');
      return lines.map((line): AuditedRequest => JSON.parse(line));
    },
    stop,
  };
}
