/** A valid MirrorExperiment with only what is required. */
export function baseResource() {
  return {
    apiVersion: 'mirroring.dev/v1alpha1',
    kind: 'MirrorExperiment',
    metadata: { name: 'bookservice-v3' },
    spec: {
      live: { service: 'bookservice', version: 'V1MIR-BookService' },
      mirror: { service: 'bookservicemirror', version: 'V3MIR-BookService' },
      traffic: {
        envoy: {
          configMap: { name: 'default-sidecar', key: 'envoy.yaml' },
          liveCluster: 'bookservice',
          mirrorCluster: 'bookservicemirror',
        },
      },
      telemetry: { logAnalytics: { workspaceId: '00000000-0000-4000-8000-000000000001' } },
    },
  };
}

/** The analysis of a resource that says nothing about it. */
export const defaultAnalysis = {
  intervalSeconds: 30,
  warmupSeconds: 120,
  settleSeconds: 180,
  minDurationSeconds: 300,
  deadlineSeconds: 3600,
  falseAlarmPercent: 5,
  minRequests: 50,
  latency: [
    { percentile: 50, maxIncreasePercent: 10, maxIncreaseMilliseconds: 20, failOnly: false },
    { percentile: 95, maxIncreasePercent: 10, maxIncreaseMilliseconds: 20, failOnly: false },
    { percentile: 99, maxIncreasePercent: 25, maxIncreaseMilliseconds: 50, failOnly: true },
  ],
  errors: { maxIncreaseBasisPoints: 100 },
  coverage: { maxLossPercent: 5 },
  liveGuard: {
    enabled: true,
    baselineSeconds: 600,
    latency: [
      { percentile: 50, maxIncreasePercent: 25, maxIncreaseMilliseconds: 50 },
      { percentile: 95, maxIncreasePercent: 50, maxIncreaseMilliseconds: 100 },
    ],
    maxIncreaseBasisPoints: 100,
  },
  routes: { include: [], exclude: [] },
};

/** A change to the base resource: values by path; undefined takes the field out. */
export type Change = Readonly<Record<string, unknown>>;

export interface BadCase {
  readonly change: Change;
  /** What the API server says: the field's path, then what is wrong. */
  readonly refused: string;
}

/** A copy of the base resource with the change made. */
export function changed(change: Change): object {
  const resource = baseResource();
  for (const [path, value] of Object.entries(change)) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    let object: Record<string, unknown> = resource as Record<string, unknown>;
    for (const key of keys) {
      object[key] ??= {};
      object = object[key] as Record<string, unknown>;
    }
    if (value === undefined) delete object[last];
    else object[last] = value;
  }
  return resource;
}

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const deployment = (rest: object) => ({ 'spec.mirror.deployment': { name: 'candidate', ...rest } });
const container = (rest: object) => deployment({ containers: [{ name: 'app', ...rest }] });
const env = (...variables: object[]) => container({ env: variables });
const gate = (rest: object) => ({ 'spec.analysis.latency': [{ percentile: 50, ...rest }] });
const table = 'spec.telemetry.logAnalytics.table';
const logAnalytics = 'spec.telemetry.logAnalytics';
const configMap = 'spec.traffic.envoy.configMap';
const workload = 'spec.traffic.envoy.reload.workload';
const component = '/subscriptions/s/resourceGroups/g/providers/microsoft.insights/components/c';

/** Resources that the API server takes, each at an edge of what is allowed. */
export const goodCases: Readonly<Record<string, Change>> = {
  'only what is required': {},
  'a Service name of 63 characters that starts with a digit': { 'spec.live.service': `0${'a'.repeat(62)}` },
  'versions of 256 characters that take four bytes each': { 'spec.mirror.version': '😀'.repeat(256) },
  'the first port': { 'spec.mirror.port': 1 },
  'the last port': { 'spec.mirror.port': 65535 },
  'a Deployment with dots in its name and one replica': deployment({ name: 'a.b-c.0', replicas: 1 }),
  'a Deployment with a name of 253 characters': deployment({ name: 'a'.repeat(253), replicas: 1000 }),
  'an image with registry port, tag and digest': container({
    image: `registry.example.com:5000/team_a/book-service__x:v3.1-rc.1@sha256:${'0'.repeat(64)}`,
  }),
  'an image reference of 1024 characters': container({ image: 'a'.repeat(1024) }),
  'a container name of 63 characters': deployment({ containers: [{ name: 'a'.repeat(63), image: 'x' }] }),
  '16 containers': deployment({ containers: times(16, (i) => ({ name: `c${i}`, image: 'x' })) }),
  '64 variables': env(...times(64, (i) => ({ name: `V${i}`, value: '' }))),
  'variable names that Kubernetes allows': env({ name: 'a.b-c_D', value: 'x=y\nz' }, { name: '1 :/', value: '☃' }),
  'a value of 32768 characters': env({ name: 'BIG', value: 'x'.repeat(32768) }),
  'values of 65536 characters in all': env(...times(2, (i) => ({ name: `V${i}`, value: 'x'.repeat(32768) }))),
  'one percent': { 'spec.traffic.percent': 1 },
  'every percent': { 'spec.traffic.percent': 100 },
  'every method, named': {
    'spec.traffic.methods': ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE'],
  },
  'every method, by star': { 'spec.traffic.methods': ['*'] },
  'cluster names as service meshes write them': {
    'spec.traffic.envoy.liveCluster': 'outbound|80|v1|reviews.default.svc.cluster.local',
    'spec.traffic.envoy.mirrorCluster': 'c'.repeat(256),
  },
  'a file for the clusters': { [configMap]: { name: 'envoy.v1', key: 'rds.yaml', clustersKey: '_cds.YAML-2' } },
  'a reloaded Deployment by default': { [workload]: { name: 'bookinfo-spa' } },
  'a reloaded DaemonSet': { [workload]: { kind: 'DaemonSet', name: 'edge' } },
  'a reloaded StatefulSet with the name of the candidate': {
    ...deployment({ replicas: 1 }),
    [workload]: { kind: 'StatefulSet', name: 'candidate' },
  },
  'another reloaded Deployment than the candidate': { ...deployment({ replicas: 1 }), [workload]: { name: 'edge' } },
  'a workspace id in capitals': { [`${logAnalytics}.workspaceId`]: 'ABCDEF00-0000-4000-8000-00000000000F' },
  'an Application Insights resource': { [logAnalytics]: { resourceId: component, table: 'requests' } },
  'a resource id with resourcegroups in small letters': {
    [logAnalytics]: { resourceId: component.replace('resourceGroups', 'resourcegroups') },
  },
  'the shortest interval with its longest deadline': {
    'spec.analysis': { intervalSeconds: 5, deadlineSeconds: 14400 },
  },
  'the longest interval': { 'spec.analysis': { intervalSeconds: 3600, deadlineSeconds: 1209600 } },
  'the shortest deadline that is enough': {
    'spec.analysis': { warmupSeconds: 0, settleSeconds: 29, minDurationSeconds: 0, deadlineSeconds: 30 },
  },
  'the deadline one second after the earliest Pass': { 'spec.analysis.deadlineSeconds': 601 },
  'a ramp with the most steps, of the shortest time': {
    'spec.traffic.ramp': Array.from({ length: 10 }, (_, index) => ({ percent: index + 90, seconds: 5 })),
  },
  'a ramp below a share': { 'spec.traffic.percent': 2, 'spec.traffic.ramp': [{ percent: 1, seconds: 60 }] },
  'a ramp whose deadline is one second after the earliest Pass': {
    'spec.traffic.ramp': [
      { percent: 5, seconds: 100 },
      { percent: 25, seconds: 200 },
    ],
    'spec.analysis.deadlineSeconds': 901,
  },
  'the longest warm-up, settling and duration': {
    'spec.analysis': {
      intervalSeconds: 3600,
      warmupSeconds: 86400,
      settleSeconds: 3600,
      minDurationSeconds: 604800,
      deadlineSeconds: 1209600,
    },
  },
  'the least of everything that is counted': {
    'spec.analysis': {
      falseAlarmPercent: 1,
      minRequests: 10,
      errors: { maxIncreaseBasisPoints: 0 },
      coverage: { maxLossPercent: 0 },
    },
  },
  'the most of everything that is counted': {
    'spec.analysis': {
      falseAlarmPercent: 20,
      minRequests: 1_000_000,
      errors: { maxIncreaseBasisPoints: 5000 },
      coverage: { maxLossPercent: 50 },
    },
  },
  'gates at the edges': {
    'spec.analysis.latency': [
      { percentile: 1, maxIncreasePercent: 5, maxIncreaseMilliseconds: 0 },
      { percentile: 99, maxIncreasePercent: 0, maxIncreaseMilliseconds: 2 },
      { percentile: 98, maxIncreasePercent: 10_000, maxIncreaseMilliseconds: 3_600_000, failOnly: true },
    ],
  },
  'eight gates': { 'spec.analysis.latency': times(8, (i) => ({ percentile: 10 * (i + 1) })) },
  '49 routes in and 49 out, names of 512 characters': {
    'spec.analysis.routes': {
      include: times(49, (i) => `GET Reviews/${i}/`.padEnd(512, 'x')),
      exclude: times(49, (i) => `GET Health/${i}/`.padEnd(512, 'x')),
    },
  },
  'null where there is a default': { 'spec.analysis': null, 'spec.traffic.percent': null },
  'a name of 63 characters': { 'metadata.name': 'a'.repeat(63) },
};

const inBody = (path: string, value: unknown, rest: string) =>
  `${path}: Invalid value: ${JSON.stringify(value)}: ${path} in body ${rest}`;

/** Resources that break the schema. */
export const schemaCases: Readonly<Record<string, BadCase>> = {
  ...required('spec', 'spec.live', 'spec.live.service', 'spec.live.version', 'spec.mirror', 'spec.mirror.service'),
  ...required('spec.mirror.version', 'spec.traffic', 'spec.traffic.envoy', configMap, `${configMap}.name`),
  ...required(`${configMap}.key`, 'spec.traffic.envoy.liveCluster', 'spec.traffic.envoy.mirrorCluster'),
  ...required('spec.telemetry', logAnalytics),
  'a reload without a workload': {
    change: { 'spec.traffic.envoy.reload': {} },
    refused: `${workload}: Required value`,
  },
  'a workload without a name': {
    change: { [workload]: { kind: 'DaemonSet' } },
    refused: `${workload}.name: Required value`,
  },
  'a Deployment without a name': {
    change: { 'spec.mirror.deployment': { replicas: 1 } },
    refused: 'spec.mirror.deployment.name: Required value',
  },
  'a variable without a value': {
    change: env({ name: 'A' }),
    refused: 'spec.mirror.deployment.containers[0].env[0].value: Required value',
  },
  'a gate without a percentile': {
    change: { 'spec.analysis.latency': [{}] },
    refused: 'spec.analysis.latency[0].percentile: Required value',
  },
  ...wrongType('spec.live.service', 5, 'string', 'integer'),
  ...wrongType('spec.mirror.port', '80', 'integer', 'string'),
  ...wrongType('spec.traffic.percent', 12.5, 'int32', 'float64'),
  ...wrongType('spec.traffic.methods', 'GET', 'array', 'string'),
  ...wrongType('spec.analysis.intervalSeconds', '30s', 'integer', 'string'),
  ...wrongType('spec.analysis', [], 'object', 'array'),
  'a number as the value of a variable': {
    change: env({ name: 'A', value: 5 }),
    refused:
      'spec.mirror.deployment.containers[0].env[0].value: Invalid value: "integer": ' +
      'spec.mirror.deployment.containers[0].env[0].value in body must be of type string: "integer"',
  },
  ...outside('spec.mirror.port', 1, 65535),
  ...outside('spec.traffic.percent', 1, 100),
  ...outside('spec.analysis.intervalSeconds', 5, 3600),
  ...outside('spec.analysis.warmupSeconds', 0, 86400),
  ...outside('spec.analysis.settleSeconds', 1, 3600),
  ...outside('spec.analysis.minDurationSeconds', 0, 604800),
  ...outside('spec.analysis.deadlineSeconds', 30, 1209600),
  ...outside('spec.analysis.falseAlarmPercent', 1, 20),
  ...outside('spec.analysis.minRequests', 10, 1_000_000),
  ...outside('spec.analysis.errors.maxIncreaseBasisPoints', 0, 5000),
  ...outside('spec.analysis.coverage.maxLossPercent', 0, 50),
  ...outside('spec.mirror.deployment.replicas', 1, 1000, (replicas) => deployment({ replicas })),
  ...outside('spec.analysis.latency[0].percentile', 1, 99, (percentile) => gate({ percentile })),
  ...outside('spec.analysis.latency[0].maxIncreasePercent', 0, 10_000, (maxIncreasePercent) =>
    gate({ maxIncreasePercent }),
  ),
  ...outside('spec.analysis.latency[0].maxIncreaseMilliseconds', 0, 3_600_000, (maxIncreaseMilliseconds) =>
    gate({ maxIncreaseMilliseconds }),
  ),
  ...lengths('spec.live.service', 63),
  ...lengths('spec.mirror.service', 63),
  ...lengths('spec.live.version', 256),
  ...lengths('spec.mirror.version', 256),
  ...lengths('spec.traffic.envoy.liveCluster', 256),
  ...lengths('spec.traffic.envoy.mirrorCluster', 256),
  ...lengths(`${configMap}.name`, 253),
  ...lengths(`${configMap}.key`, 253),
  ...lengths(`${configMap}.clustersKey`, 253),
  ...lengths(`${logAnalytics}.versionProperty`, 256),
  ...lengths(`${workload}.name`, 253),
  ...lengths('spec.mirror.deployment.name', 253, (name) => deployment({ name, replicas: 1 })),
  ...lengths('spec.mirror.deployment.containers[0].name', 63, (name) => container({ name, image: 'x' })),
  ...lengths('spec.mirror.deployment.containers[0].image', 1024, (image) => container({ image })),
  ...lengths('spec.mirror.deployment.containers[0].env[0].name', 253, (name) => env({ name, value: '' })),
  ...lengths('spec.analysis.routes.include[0]', 512, (name) => ({ 'spec.analysis.routes.include': [name] })),
  ...lengths('spec.analysis.routes.exclude[0]', 512, (name) => ({ 'spec.analysis.routes.exclude': [name] })),
  'a value of more than 32768 characters': {
    change: env({ name: 'A', value: 'x'.repeat(32769) }),
    refused: 'spec.mirror.deployment.containers[0].env[0].value: Too long: may not be more than 32768 bytes',
  },
  ...mismatch('spec.live.service', 'BookService', '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'),
  ...mismatch('spec.mirror.service', 'book.svc', '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'),
  ...mismatch(`${configMap}.name`, 'a..b', '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'),
  ...mismatch(`${configMap}.key`, 'etc/envoy.yaml', '^[-._a-zA-Z0-9]+$'),
  ...mismatch(`${workload}.name`, '-edge', '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'),
  'an image with a blank': {
    change: container({ image: 'a b' }),
    refused: inBody('spec.mirror.deployment.containers[0].image', 'a b', "should match '^[!-~]+$'"),
  },
  'an equals sign in the name of a variable': {
    change: env({ name: 'A=B', value: '' }),
    refused: inBody('spec.mirror.deployment.containers[0].env[0].name', 'A=B', "should match '^[ -<>-~]+$'"),
  },
  'a workspace name in place of its id': {
    change: { [`${logAnalytics}.workspaceId`]: 'my-workspace' },
    refused: `${logAnalytics}.workspaceId: Invalid value: "my-workspace": workspaceId is the GUID that Azure shows as Workspace ID, not the name of the workspace`,
  },
  'a resource id that names no resource': {
    change: { [logAnalytics]: { resourceId: '/subscriptions/s' } },
    refused: `${logAnalytics}.resourceId: Invalid value: "/subscriptions/s": resourceId is the whole id of the resource: /subscriptions/ID/resourceGroups/NAME/providers/microsoft.insights/components/NAME`,
  },
  'a resource id with a query behind it': {
    change: { [logAnalytics]: { resourceId: `${component}?x=1` } },
    refused: `${logAnalytics}.resourceId: Invalid value: "${component}?x=1": ${logAnalytics}.resourceId in body should match`,
  },
  'a method in small letters': {
    change: { 'spec.traffic.methods': ['get'] },
    refused:
      'spec.traffic.methods[0]: Unsupported value: "get": supported values: "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "*"',
  },
  'a workload that is not restarted by Kubernetes': {
    change: { [workload]: { kind: 'ReplicaSet', name: 'edge' } },
    refused: `${workload}.kind: Unsupported value: "ReplicaSet": supported values: "Deployment", "DaemonSet", "StatefulSet"`,
  },
  'a table without requests': {
    change: { [table]: 'AppTraces' },
    refused: `${table}: Unsupported value: "AppTraces": supported values: "AppRequests", "requests"`,
  },
  ...tooFew('spec.traffic.methods', { 'spec.traffic.methods': [] }),
  ...tooFew('spec.analysis.latency', { 'spec.analysis.latency': [] }),
  ...tooFew('spec.mirror.deployment.containers', deployment({ containers: [] })),
  ...tooFew('spec.mirror.deployment.containers[0].env', env()),
  ...tooMany(
    'spec.mirror.deployment.containers',
    16,
    (i) => ({ name: `c${i}`, image: 'x' }),
    (containers) => deployment({ containers }),
  ),
  ...tooMany(
    'spec.mirror.deployment.containers[0].env',
    64,
    (i) => ({ name: `V${i}`, value: '' }),
    (variables) => env(...(variables as object[])),
  ),
  ...tooMany('spec.analysis.latency', 8, (i) => ({ percentile: i + 1 })),
  ...tooMany('spec.analysis.routes.include', 49, (i) => `route ${i}`),
  ...tooMany('spec.analysis.routes.exclude', 49, (i) => `route ${i}`),
  'a container twice': {
    change: deployment({
      containers: [
        { name: 'app', image: 'a' },
        { name: 'app', image: 'b' },
      ],
    }),
    refused: 'spec.mirror.deployment.containers[1]: Duplicate value: {"name":"app"}',
  },
  'a variable twice': {
    change: env({ name: 'A', value: '' }, { name: 'A', value: '1' }),
    refused: 'spec.mirror.deployment.containers[0].env[1]: Duplicate value: {"name":"A"}',
  },
  'a method twice': {
    change: { 'spec.traffic.methods': ['GET', 'GET'] },
    refused: 'spec.traffic.methods[1]: Duplicate value: "GET"',
  },
  'a gate twice': {
    change: { 'spec.analysis.latency': [{ percentile: 50 }, { percentile: 50, failOnly: true }] },
    refused: 'spec.analysis.latency[1]: Duplicate value: {"percentile":50}',
  },
  'a route twice': {
    change: { 'spec.analysis.routes.include': ['a', 'a'] },
    refused: 'spec.analysis.routes.include[1]: Duplicate value: "a"',
  },
};

/** Resources that fit the schema and break a rule (CEL). */
const RAMP =
  'spec.traffic.ramp: Invalid value: the steps of spec.traffic.ramp must rise, and stay below spec.traffic.percent';

function ramp(...percents: readonly number[]): Change {
  return { 'spec.traffic.ramp': percents.map((percent) => ({ percent, seconds: 60 })) };
}

export const ruleCases: Readonly<Record<string, BadCase>> = {
  'a name of 64 characters': {
    change: { 'metadata.name': 'a'.repeat(64) },
    refused:
      'metadata.name: Invalid value: metadata.name must be at most 63 characters: objects that the experiment owns are named after it',
  },
  'the same version twice': {
    change: { 'spec.mirror.version': 'V1MIR-BookService' },
    refused:
      'spec.mirror.version: Invalid value: spec.mirror.version must differ from spec.live.version: telemetry tells the two apart by it',
  },
  'the same Service twice': {
    change: { 'spec.mirror.service': 'bookservice' },
    refused:
      'spec.mirror.service: Invalid value: spec.mirror.service must differ from spec.live.service: copies sent to the live Service would be answered by live',
  },
  'a Deployment that is not changed': {
    change: deployment({}),
    refused:
      'spec.mirror.deployment: Invalid value: spec.mirror.deployment changes nothing: set replicas or containers, or leave deployment out when the candidate already runs',
  },
  'a container that is not changed': {
    change: container({}),
    refused:
      'spec.mirror.deployment.containers[0]: Invalid value: a container needs image or env: it would not be changed otherwise',
  },
  'values of more than 65536 characters in all': {
    change: env(...times(3, (i) => ({ name: `V${i}`, value: 'x'.repeat(i === 2 ? 1 : 32768) }))),
    refused:
      'spec.mirror.deployment.containers: Invalid value: the values of env must have at most 65536 characters in all: put large values in a ConfigMap that the container reads',
  },
  'the star with a method beside it': {
    change: { 'spec.traffic.methods': ['*', 'GET'] },
    refused: `spec.traffic.methods: Invalid value: '*' already stands for every method: use ["*"] alone, or name the methods`,
  },
  'the same cluster twice': {
    change: { 'spec.traffic.envoy.liveCluster': 'bookservicemirror' },
    refused:
      'spec.traffic.envoy.mirrorCluster: Invalid value: spec.traffic.envoy.mirrorCluster must differ from liveCluster: copies would go back to live',
  },
  'the same key twice': {
    change: { [`${configMap}.clustersKey`]: 'envoy.yaml' },
    refused: `${configMap}.clustersKey: Invalid value: clustersKey names a second file: leave it out when the clusters are in the same file as the routes`,
  },
  "the candidate's Deployment as the one that runs Envoy": {
    change: { ...deployment({ replicas: 1 }), [workload]: { name: 'candidate' } },
    refused:
      "spec.traffic.envoy.reload: Invalid value: spec.traffic.envoy.reload.workload must be the workload that runs Envoy, not the candidate's Deployment (spec.mirror.deployment)",
  },
  'no source of telemetry': {
    change: { [logAnalytics]: {} },
    refused: `${logAnalytics}: Invalid value: set exactly one of workspaceId (a Log Analytics workspace) and resourceId (an Application Insights resource)`,
  },
  'two sources of telemetry': {
    change: { [`${logAnalytics}.resourceId`]: component },
    refused: `${logAnalytics}: Invalid value: set exactly one of workspaceId (a Log Analytics workspace) and resourceId (an Application Insights resource)`,
  },
  'the classic table in a workspace': {
    change: { [table]: 'requests' },
    refused: `${table}: Invalid value: the table 'requests' exists in an Application Insights resource only: set resourceId, or use the table AppRequests with workspaceId`,
  },
  'a deadline before a Pass is possible': {
    change: { 'spec.analysis.deadlineSeconds': 600 },
    refused:
      'spec.analysis.deadlineSeconds: Invalid value: spec.analysis.deadlineSeconds must be greater than warmupSeconds + settleSeconds + minDurationSeconds: no Pass could be reached in time',
  },
  'a ramp that leaves no time for a Pass': {
    change: {
      'spec.traffic.ramp': [
        { percent: 5, seconds: 100 },
        { percent: 25, seconds: 200 },
      ],
      'spec.analysis.deadlineSeconds': 900,
    },
    refused:
      'spec.analysis.deadlineSeconds: Invalid value: spec.analysis.deadlineSeconds must be greater than the seconds of all steps of spec.traffic.ramp + warmupSeconds + settleSeconds + minDurationSeconds: no Pass could be reached in time',
  },
  'a ramp that falls': { change: ramp(25, 5), refused: RAMP },
  'a ramp that stands': { change: ramp(25, 25), refused: RAMP },
  'a ramp up to the share itself': { change: { ...ramp(5, 50), 'spec.traffic.percent': 50 }, refused: RAMP },
  'too many looks before the deadline': {
    change: { 'spec.analysis': { intervalSeconds: 5, deadlineSeconds: 14401 } },
    refused:
      'spec.analysis.deadlineSeconds: Invalid value: spec.analysis.deadlineSeconds must be at most 2880 intervals: raise intervalSeconds',
  },
  'a tolerance that is finer than the histogram': {
    change: gate({ maxIncreasePercent: 4, maxIncreaseMilliseconds: 1 }),
    refused:
      'spec.analysis.latency[0]: Invalid value: the tolerance is finer than the histogram: set maxIncreasePercent to at least 5, or maxIncreaseMilliseconds to at least 2',
  },
  'a route that is in and out': {
    change: { 'spec.analysis.routes': { include: ['a', 'b'], exclude: ['b'] } },
    refused:
      'spec.analysis.routes.include: Invalid value: an operation name is both in include and in exclude: take it out of one of them',
  },
  'a reserved route': {
    change: { 'spec.analysis.routes': { include: ['(all)'] } },
    refused:
      'spec.analysis.routes.include: Invalid value: (all) and (other) are reserved names of sums over routes: leave them out',
  },
  'another reserved route': {
    change: { 'spec.analysis.routes': { include: ['GET a', '(other)'] } },
    refused:
      'spec.analysis.routes.include: Invalid value: (all) and (other) are reserved names of sums over routes: leave them out',
  },
};

/** Fields that the definition does not have, by path. */
export const unknownFieldCases: Readonly<Record<string, Change>> = {
  'spec.anlysis': { 'spec.anlysis': {} },
  'spec.analysis.intervalseconds': { 'spec.analysis.intervalseconds': 30 },
  'spec.mirror.deployment.containers[0].env[0].valueFrom': env({
    name: 'A',
    value: '',
    valueFrom: { secretKeyRef: { name: 's', key: 'k' } },
  }),
};

type Cases = Record<string, BadCase>;

function required(...paths: string[]): Cases {
  const cases = paths.map((path) => [
    `no ${path}`,
    { change: { [path]: undefined }, refused: `${path}: Required value` },
  ]);
  return Object.fromEntries(cases);
}

function wrongType(path: string, value: unknown, right: string, wrong: string): Cases {
  const refused = `${path}: Invalid value: "${wrong}": ${path} in body must be of type ${right}: "${wrong}"`;
  return { [`${path}: ${wrong} for ${right}`]: { change: { [path]: value }, refused } };
}

function outside(
  path: string,
  minimum: number,
  maximum: number,
  change = (value: number): Change => ({ [path]: value }),
) {
  const [low, high] = [minimum - 1, maximum + 1];
  return {
    [`${path} of ${low}`]: {
      change: change(low),
      refused: inBody(path, low, `should be greater than or equal to ${minimum}`),
    },
    [`${path} of ${high}`]: {
      change: change(high),
      refused: inBody(path, high, `should be less than or equal to ${maximum}`),
    },
  };
}

function lengths(path: string, maximum: number, change = (value: string): Change => ({ [path]: value })): Cases {
  return {
    [`${path} empty`]: { change: change(''), refused: inBody(path, '', 'should be at least 1 chars long') },
    [`${path} of ${maximum + 1} characters`]: {
      change: change('a'.repeat(maximum + 1)),
      refused: `${path}: Too long: may not be more than ${maximum} bytes`,
    },
  };
}

function mismatch(path: string, value: string, pattern: string): Cases {
  return {
    [`${path} of ${value}`]: { change: { [path]: value }, refused: inBody(path, value, `should match '${pattern}'`) },
  };
}

function tooFew(path: string, change: Change): Cases {
  return { [`${path} empty`]: { change, refused: inBody(path, 0, 'should have at least 1 items') } };
}

function tooMany(
  path: string,
  maximum: number,
  item: (index: number) => unknown,
  change = (items: unknown[]): Change => ({ [path]: items }),
): Cases {
  const count = maximum + 1;
  const refused = `${path}: Too many: ${count}: must have at most ${maximum} items`;
  return { [`${path} with ${count} items`]: { change: change(times(count, item)), refused } };
}
