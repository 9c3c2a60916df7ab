import { parseArgs } from 'node:util';

/** What an installation decides. Read once, when the operator starts; frozen. */
export interface Settings {
  /** Only experiments of this namespace; undefined: of all. */
  readonly namespace: string | undefined;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** Address and port of /livez and /readyz. Port 0: any that is free. */
  readonly healthAddress: string;
  readonly healthPort: number;
  /** Address and port of /metrics. Port 0: no metrics. */
  readonly metricsAddress: string;
  readonly metricsPort: number;
  /** Base address of the Log Analytics query API; it ends in /v1. */
  readonly logAnalyticsEndpoint: string;
  /** Scope of the token; the clouds differ. */
  readonly logAnalyticsScope: string;
  /** Namespace -> workspace ids and resource ids that its experiments may read; '*' stands for every namespace or source. */
  readonly allowedSources: Readonly<Record<string, readonly string[]>>;
  /** Bound on a look at telemetry with all its queries. */
  readonly telemetryTimeoutSeconds: number;
  readonly clusterDomain: string;
  /** Experiments that are worked on at the same time. */
  readonly concurrency: number;
  readonly missingTargetGraceSeconds: number;
  /** How long work in hand may take to end after SIGTERM. */
  readonly shutdownGraceSeconds: number;
  /** Replicas agree on one that acts. */
  readonly leaderElection: boolean;
  readonly leaseName: string;
  /** undefined: that of the operator's pod. */
  readonly leaseNamespace: string | undefined;
  readonly leaseSeconds: number;
  readonly renewDeadlineSeconds: number;
  readonly retrySeconds: number;
  /** Of the dead man's switch. */
  readonly deadMansSwitchSeconds: number;
}

export class SettingsError extends Error {}

interface Setting<T> {
  /** Environment variable; the flag is the same in lower case with dashes. */
  readonly name: string;
  readonly help: string;
  readonly fallback: string;
  readonly parse: (text: string, name: string) => T;
}

const TABLE: { readonly [K in keyof Settings]: Setting<Settings[K]> } = {
  namespace: {
    name: 'WATCH_NAMESPACE',
    help: 'watch one namespace only',
    fallback: '',
    parse: (text) => text || undefined,
  },
  logLevel: { name: 'LOG_LEVEL', help: 'debug, info, warn or error', fallback: 'info', parse: logLevel },
  healthAddress: {
    name: 'HEALTH_ADDRESS',
    help: 'address of /livez and /readyz',
    fallback: '0.0.0.0',
    parse: (text) => text,
  },
  healthPort: { name: 'HEALTH_PORT', help: 'port of /livez and /readyz', fallback: '8080', parse: integer(0, 65_535) },
  metricsAddress: {
    name: 'METRICS_ADDRESS',
    help: 'address of /metrics',
    fallback: '0.0.0.0',
    parse: (text) => text,
  },
  metricsPort: {
    name: 'METRICS_PORT',
    help: 'port of /metrics; 0: no metrics',
    fallback: '8081',
    parse: integer(0, 65_535),
  },
  logAnalyticsEndpoint: {
    name: 'LOG_ANALYTICS_ENDPOINT',
    help: 'base address of the Log Analytics query API',
    fallback: 'https://api.loganalytics.azure.com/v1',
    parse: endpoint,
  },
  logAnalyticsScope: {
    name: 'LOG_ANALYTICS_SCOPE',
    help: 'scope of the access token',
    fallback: 'https://api.loganalytics.io/.default',
    parse: (text) => text,
  },
  allowedSources: {
    name: 'ALLOWED_SOURCES',
    help: 'JSON: namespace to the workspace ids and resource ids that it may read; "*" stands for all',
    fallback: '{"*": ["*"]}',
    parse: allowedSources,
  },
  telemetryTimeoutSeconds: {
    name: 'TELEMETRY_TIMEOUT_SECONDS',
    help: 'how long a look at telemetry, of up to three queries, may take before it is given up and tried again',
    fallback: '120',
    parse: integer(1, 600),
  },
  clusterDomain: {
    name: 'CLUSTER_DOMAIN',
    help: 'DNS domain of the cluster',
    fallback: 'cluster.local',
    parse: (text) => text,
  },
  concurrency: {
    name: 'CONCURRENCY',
    help: 'experiments worked on at the same time',
    fallback: '8',
    parse: integer(1, 256),
  },
  missingTargetGraceSeconds: {
    name: 'MISSING_TARGET_GRACE_SECONDS',
    help: 'how long a missing object is awaited before an experiment is refused',
    fallback: '60',
    parse: integer(0, 86_400),
  },
  shutdownGraceSeconds: {
    name: 'SHUTDOWN_GRACE_SECONDS',
    help: 'how long work in hand may take to end after SIGTERM',
    fallback: '20',
    parse: integer(1, 3600),
  },
  leaderElection: {
    name: 'LEADER_ELECTION',
    help: 'true: of several replicas one acts; false: this is the only one',
    fallback: 'true',
    parse: boolean,
  },
  leaseName: {
    name: 'LEASE_NAME',
    help: 'Lease that the replicas of one installation share',
    fallback: 'mirror-experiment',
    parse: leaseName,
  },
  leaseNamespace: {
    name: 'LEASE_NAMESPACE',
    help: 'namespace of the Lease, if it is not the namespace of the pod',
    fallback: '',
    parse: (text) => text || undefined,
  },
  // The defaults are controller-runtime's.
  leaseSeconds: {
    name: 'LEASE_SECONDS',
    help: 'a leader that is silent for this long is replaced',
    fallback: '15',
    parse: integer(1, 3600),
  },
  renewDeadlineSeconds: {
    name: 'RENEW_DEADLINE_SECONDS',
    help: 'a leader that could not renew its lease for this long stops writing; less than LEASE_SECONDS',
    fallback: '10',
    parse: seconds,
  },
  retrySeconds: {
    name: 'RETRY_SECONDS',
    help: 'wait between two tries to acquire or renew; less than RENEW_DEADLINE_SECONDS',
    fallback: '2',
    parse: seconds,
  },
  deadMansSwitchSeconds: {
    name: 'DEAD_MANS_SWITCH_SECONDS',
    help: 'the dead man’s switch ends experiments when the Lease has not been renewed for this long',
    fallback: '300',
    parse: integer(1, 86_400),
  },
};

/** Flags before environment before defaults. Throws a SettingsError that names the setting and what it may be. */
export function readSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Settings {
  const flags = parseFlags(args);
  const read = <T>({ name, fallback, parse }: Setting<T>): T =>
    parse(flags[flagOf(name)] ?? environment[name] ?? fallback, name);
  const settings: Settings = {
    namespace: read(TABLE.namespace),
    logLevel: read(TABLE.logLevel),
    healthAddress: read(TABLE.healthAddress),
    healthPort: read(TABLE.healthPort),
    metricsAddress: read(TABLE.metricsAddress),
    metricsPort: read(TABLE.metricsPort),
    logAnalyticsEndpoint: read(TABLE.logAnalyticsEndpoint),
    logAnalyticsScope: read(TABLE.logAnalyticsScope),
    allowedSources: read(TABLE.allowedSources),
    telemetryTimeoutSeconds: read(TABLE.telemetryTimeoutSeconds),
    clusterDomain: read(TABLE.clusterDomain),
    concurrency: read(TABLE.concurrency),
    missingTargetGraceSeconds: read(TABLE.missingTargetGraceSeconds),
    shutdownGraceSeconds: read(TABLE.shutdownGraceSeconds),
    leaderElection: read(TABLE.leaderElection),
    leaseName: read(TABLE.leaseName),
    leaseNamespace: read(TABLE.leaseNamespace),
    leaseSeconds: read(TABLE.leaseSeconds),
    renewDeadlineSeconds: read(TABLE.renewDeadlineSeconds),
    retrySeconds: read(TABLE.retrySeconds),
    deadMansSwitchSeconds: read(TABLE.deadMansSwitchSeconds),
  };
  checkOrder(settings);
  checkPorts(settings);
  return Object.freeze(settings);
}

/** One line a setting, for --help. */
export function settingsHelp(): string {
  return Object.values(TABLE)
    .map(
      ({ name, help, fallback }) =>
        `  --${flagOf(name)}  ${help} (${name}${fallback === '' ? '' : `; default ${fallback}`})`,
    )
    .join('\n');
}

function parseFlags(args: readonly string[]): Record<string, string | undefined> {
  const options = Object.fromEntries(
    Object.values(TABLE).map(({ name }) => [flagOf(name), { type: 'string' as const }]),
  );
  try {
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (error) {
    throw new SettingsError(`${error instanceof Error ? error.message : String(error)}; --help lists the settings`);
  }
}

function flagOf(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

function logLevel(text: string, name: string): Settings['logLevel'] {
  if (text === 'debug' || text === 'info' || text === 'warn' || text === 'error') return text;
  throw new SettingsError(`${name} must be debug, info, warn or error, not "${text}"`);
}

function integer(from: number, to: number): (text: string, name: string) => number {
  return (text, name) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= from && value <= to) return value;
    throw new SettingsError(`${name} must be a whole number from ${from} to ${to}, not "${text}"`);
  };
}

function boolean(text: string, name: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new SettingsError(`${name} must be true or false, not "${text}"`);
}

function seconds(text: string, name: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0.1 && value <= 3600) return value;
  throw new SettingsError(`${name} must be a number of seconds from 0.1 to 3600, not "${text}"`);
}

/** A DNS subdomain, as Kubernetes wants it. */
function leaseName(text: string, name: string): string {
  if (text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text)) return text;
  throw new SettingsError(`${name} must be a name of lower-case letters, digits, "-" and ".", not "${text}"`);
}

function checkOrder({ leaseSeconds, renewDeadlineSeconds, retrySeconds }: Settings): void {
  if (leaseSeconds > renewDeadlineSeconds && renewDeadlineSeconds > retrySeconds) return;
  throw new SettingsError(
    'LEASE_SECONDS must be more than RENEW_DEADLINE_SECONDS, and that more than RETRY_SECONDS, ' +
      `not ${leaseSeconds}, ${renewDeadlineSeconds} and ${retrySeconds}`,
  );
}

function checkPorts({ healthPort, metricsPort }: Settings): void {
  if (metricsPort === 0 || metricsPort !== healthPort) return;
  throw new SettingsError(`METRICS_PORT must be another port than HEALTH_PORT, not ${metricsPort} too`);
}

function endpoint(text: string, name: string): string {
  const trimmed = text.replace(/\/+$/, '');
  const url = URL.canParse(trimmed) ? new URL(trimmed) : undefined;
  if (url?.protocol === 'https:' && url.pathname.endsWith('/v1')) return trimmed;
  throw new SettingsError(`${name} must be an https address that ends in /v1, not "${text}"`);
}

function allowedSources(text: string, name: string): Settings['allowedSources'] {
  const wanted = `${name} must be a JSON object from namespace to a list of workspace ids and resource ids, such as {"*": ["*"]}`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SettingsError(`${wanted}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const entries =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : undefined;
  const valid = entries?.every(([, list]) => Array.isArray(list) && list.every((each) => typeof each === 'string'));
  if (entries === undefined || valid !== true) throw new SettingsError(wanted);
  return Object.freeze(Object.fromEntries(entries) as Record<string, readonly string[]>);
}
