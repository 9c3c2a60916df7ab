import { specSchema } from '../../src/api/schema.generated.ts';
import type { StructuralSchema } from '../../src/api/structuralSchema.ts';
import { baseResource } from '../api/crdCases.ts';

/** Paths of all fields of a spec that hold free text, as kubectl writes them; [] stands for every item of a list. */
export function textFields(schema: StructuralSchema = specSchema, path = 'spec'): readonly string[] {
  if (schema.type === 'string') return schema.enum === undefined ? [path] : [];
  if (schema.type === 'array') return schema.items === undefined ? [] : textFields(schema.items, `${path}[]`);
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => textFields(field, `${path}.${name}`));
}

/** Where the text of a field ends up. */
export type Use = 'query' | 'config' | 'candidate' | 'name' | 'address';

/** Every field with free text, and what it becomes. A field that is not here makes a test fail. */
export const TEXT_FIELDS: Readonly<Record<string, Use>> = {
  'spec.live.service': 'name',
  'spec.live.version': 'query',
  'spec.mirror.service': 'name',
  'spec.mirror.version': 'query',
  'spec.mirror.deployment.name': 'name',
  'spec.mirror.deployment.containers[].name': 'candidate',
  'spec.mirror.deployment.containers[].image': 'candidate',
  'spec.mirror.deployment.containers[].env[].name': 'candidate',
  'spec.mirror.deployment.containers[].env[].value': 'candidate',
  'spec.traffic.envoy.configMap.name': 'name',
  'spec.traffic.envoy.configMap.key': 'config',
  'spec.traffic.envoy.configMap.clustersKey': 'config',
  'spec.traffic.envoy.liveCluster': 'config',
  'spec.traffic.envoy.mirrorCluster': 'config',
  'spec.traffic.envoy.reload.workload.name': 'name',
  'spec.telemetry.logAnalytics.workspaceId': 'address',
  'spec.telemetry.logAnalytics.resourceId': 'address',
  'spec.telemetry.logAnalytics.versionProperty': 'query',
  'spec.analysis.routes.include[]': 'query',
  'spec.analysis.routes.exclude[]': 'query',
};

const COMPONENT = '/subscriptions/s/resourceGroups/g/providers/microsoft.insights/components/c';

const named = (name: string) => COMPONENT.replace(/c$/, name);

/** A resource whose spec has a text in one field, and is otherwise as it should be. */
export function resourceWith(field: string, text: string): ReturnType<typeof baseResource> {
  const resource = { ...baseResource(), metadata: { name: 'hostile' } };
  const { spec } = resource as { spec: Record<string, unknown> };
  if (field.startsWith('spec.mirror.deployment')) {
    const env = [{ name: 'A', value: 'x' }];
    const containers = [{ name: 'app', image: 'i', env }];
    Object.assign(spec.mirror as object, { deployment: { name: 'candidate', replicas: 1, containers } });
  }
  if (field.startsWith('spec.traffic.envoy.reload')) {
    Object.assign((spec.traffic as { envoy: object }).envoy, { reload: { workload: { name: 'edge' } } });
  }
  if (field.startsWith('spec.analysis')) spec.analysis = { routes: {} };
  if (field.endsWith('.resourceId')) spec.telemetry = { logAnalytics: { resourceId: COMPONENT, table: 'requests' } };
  set(resource, field.split('.'), text);
  return resource;
}

function set(object: object, [step = '', ...rest]: readonly string[], text: string): void {
  const name = step.replace('[]', '');
  const inner: unknown = Reflect.get(object, name);
  if (rest.length > 0) set(step.endsWith('[]') ? ((inner as object[])[0] ?? {}) : Object(inner), rest, text);
  else Reflect.set(object, name, step.endsWith('[]') ? [text] : text);
}

/** What somebody may write into a field to have it taken for something else. */
export const HOSTILE_TEXTS: readonly string[] = [
  ...['"', "'", '`', '\\', '\\"', '"; ', '") or true or ("', "' or 1==1 //", '""', '\\u0022', '\\x22'],
  ...[
    'a\nb',
    'a\r\nb',
    'a\rb',
    'a\tb',
    '\u0000',
    '\u0007',
    '\u001b[2J',
    '\u001b]0;owned\u0007',
    '\u007f',
    '\u0085',
    '\u009b31m',
  ],
  ...['\u2028', '\u2029', '\u202eevil', '\u2066x\u2069', '\u200f', '\ufeffbom', '\u00a0', '\u200b', '\ufffd', '\uffff'],
  ...['\ud800', '\udc00\ud800', '😀', '\u{10ffff}', 'é', '書籍', 'e\u0301', 'ſ', '\u212a'],
  ...[
    '// x',
    '/* x */',
    '| take 1',
    '; AppTraces',
    'x\n| union AppTraces',
    '";\nlet Rows = AppTraces; //',
    'let x = 1;',
    'print 1',
  ],
  ...[
    "h'secret'",
    'h"secret"',
    "@'x'",
    '@"x\\"',
    '```\nx\n```',
    '~~~x~~~',
    "dynamic({'a':1})",
    'datetime(2020-01-01)',
    '#crp',
  ],
  ...[
    'workspace("b").AppRequests',
    'app("b").requests',
    'cluster("c").database("d").T',
    'externaldata(x:string)["https://x"]',
  ],
  ...[
    'a: b',
    'a #b',
    '- a',
    '&a',
    '*a',
    '!!str a',
    '!<tag:x>',
    '<<: *a',
    '{{ .Values.x }}',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: what a template looks like
    '${X}',
    '<%= x %>',
    '%YAML 1.1',
  ],
  ...[
    '---',
    '...',
    '|',
    '>-',
    '? a',
    '[a',
    '{a',
    ']',
    '}',
    ',',
    '~',
    'null',
    'true',
    'No',
    '0x1F',
    '1_000',
    '.inf',
    '1e3',
    '=',
    '@a',
  ],
  ...['x\r\nx-injected: 1', 'x%0d%0ax-injected: 1', '%START_TIME%', '%REQ(authorization)%', '%%', '% a'],
  ...[
    'a/b',
    'a~b',
    '~0',
    '~1',
    '~01',
    '/-',
    '/data/other',
    '..',
    '.',
    '../../secrets/x',
    '..%2f..%2fx',
    '%2e%2e',
    'a\\b',
    'a?b',
    'a#b',
    'a&b=c',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '(other)',
    '(all)',
    '*',
    '$0',
    '$&',
    '%s',
    '%n',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: what a template looks like
    '${7*7}',
    '{0}',
  ],
  ...[
    'kube-system',
    'a.b.svc.cluster.local',
    'a.',
    '.a',
    '-a',
    'a-',
    'A',
    ' a',
    'a ',
    ' ',
    '',
    'x'.repeat(64),
    'x'.repeat(254),
    'x'.repeat(2000),
  ],
  ...['x'.repeat(32_768), '😀'.repeat(256), '😀'.repeat(257), '\u001b'.repeat(256), '"'.repeat(256)],
  ...[
    '00000000-0000-4000-8000-000000000001',
    '00000000-0000-4000-8000-000000000001/query',
    `${COMPONENT}/`,
    `${COMPONENT}?x`,
    `${COMPONENT}#x`,
  ],
  ...[`${COMPONENT}\n`, `${COMPONENT}/..`, named('%2e%2e'), named('..'), named('\\..')],
  ...[COMPONENT.replace('/s/', '/../'), COMPONENT.toUpperCase(), named('\u202e'), named(' c')],
];
