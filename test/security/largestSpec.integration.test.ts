import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import { specSchema } from '../../src/api/schema.generated.ts';
import type { StructuralSchema } from '../../src/api/structuralSchema.ts';
import { kubectl } from '../support/kubectl.ts';
import { conditionOf, type LiveLab } from '../support/liveLab.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';

let stage: OperatorStage;
beforeAll(async () => {
  stage = await setOperatorStage();
  await stage.operator();
}, 120_000);
afterAll(() => stage?.stop());

/** Of everything as much as the definition admits, in characters that take the most bytes. */
function largest(schema: StructuralSchema, number: () => number): unknown {
  const { type, maxLength = 0, maxItems = 0, items, enum: allowed } = schema;
  if (type === 'object')
    return Object.fromEntries(
      Object.entries(schema.properties ?? {}).map(([name, field]) => [name, largest(field, number)]),
    );
  if (type === 'array') {
    if (items?.enum !== undefined) return items.enum.filter((each) => each !== '*');
    return items === undefined ? [] : Array.from({ length: maxItems }, () => largest(items, number));
  }
  if (allowed !== undefined) return allowed[0];
  if (type === 'string') {
    const tail = String(number());
    return (schema.pattern === undefined ? '😀' : 'x').repeat(maxLength - tail.length) + tail;
  }
  return type === 'boolean' ? true : schema.maximum;
}

/** The largest spec, as far as one field does not rule out another. */
function largestSpec(workspaceId: string): Record<string, never> {
  let count = 0;
  const spec = largest(specSchema, () => count++) as never as {
    mirror: { deployment: { containers: { env: { name: string; value: string }[] }[] } };
    traffic: { percent: number; ramp: { percent: number; seconds: number }[] };
    telemetry: { logAnalytics: Record<string, unknown> };
    analysis: Record<string, number> & {
      latency: { percentile: number }[];
      liveGuard: { latency: { percentile: number }[] };
    };
  };
  // At most 65,536 characters in the values of all variables.
  for (const { env } of spec.mirror.deployment.containers) for (const each of env) each.value = '😀'.repeat(64);
  spec.traffic.ramp = spec.traffic.ramp.map((step, index) => ({ ...step, percent: 90 + index, seconds: 3600 }));
  const { logAnalytics } = spec.telemetry;
  delete logAnalytics.resourceId;
  Object.assign(logAnalytics, { workspaceId, table: 'AppRequests' });
  const { analysis } = spec;
  for (const gates of [analysis.latency, analysis.liveGuard.latency])
    for (const [index, gate] of gates.entries()) gate.percentile = index + 1;
  Object.assign(analysis, {
    intervalSeconds: 3600,
    warmupSeconds: 86_400,
    settleSeconds: 3600,
    minDurationSeconds: 604_800,
  });
  return spec as never;
}

async function create(lab: LiveLab, name: string, spec: unknown) {
  const manifest = {
    apiVersion: 'mirroring.dev/v1alpha1',
    kind: 'MirrorExperiment',
    metadata: { name, namespace: lab.namespace },
    spec,
  };
  const text = JSON.stringify(manifest);
  return {
    bytes: Buffer.byteLength(text),
    result: await kubectl(stage.server.kubeconfig, ['create', '-f', '-'], { input: text }),
  };
}

/** A status that is far from what an API server can store. */
function expectSmall(status: unknown): void {
  expect(Buffer.byteLength(JSON.stringify(status))).toBeLessThan(64 * 1024);
}

test('the largest spec that the definition admits is stored, refused for what is wrong with it, and holds nobody up', async (context: TestContext) => {
  const [lab, other] = await Promise.all([stage.lab(context), stage.lab(context)]);
  const before = await lab.targets();
  const { bytes, result } = await create(lab, 'largest', largestSpec(stage.azure.workspaceId));
  expect(result).toMatchObject({ code: 0, stderr: '' });
  // 1.5 MiB is what etcd takes.
  expect(bytes).toBeGreaterThan(600 * 1024);
  await other.create('small');
  await other.until('small', 'is accepted', ({ status }) => conditionOf(status, 'Accepted')?.status === 'True', 60);
  const { metadata } = JSON.parse((await lab.kubectl(['get', 'mexp', 'largest', '-o', 'json'])).stdout);
  expect(metadata.name).toBe('largest');
  const status = await lab.until(
    'largest',
    'has been looked at',
    (version) => conditionOf(version.status, 'Accepted')?.status === 'False',
    60,
  );
  expect(conditionOf(status.status, 'Accepted')).toMatchObject({ reason: 'TargetNotFound' });
  expectSmall(status.status);
  expect(await lab.targets()).toEqual(before);
}, 150_000);

test('the longest texts of routes and versions become queries that are answered, and the run ends and is restored', async (context: TestContext) => {
  const lab = await stage.lab(context);
  const before = await lab.targets();
  const long = (index: number, length: number) => `${'😀'.repeat(length - 3)}${String(index).padStart(3, '0')}`;
  const routes = {
    include: Array.from({ length: 49 }, (_, index) => long(index, 512)),
    exclude: Array.from({ length: 49 }, (_, index) => long(index + 100, 512)),
  };
  await lab.create('long', {
    deployment: null,
    ...{ live: long(1, 256), mirror: long(2, 256), logAnalytics: { versionProperty: long(3, 256) } },
    analysis: { routes, deadlineSeconds: 30 },
  });
  const status = await lab.complete('long', 90);
  expect(status).toMatchObject({ verdict: 'Inconclusive' });
  expect(conditionOf(status, 'Accepted')).toMatchObject({ status: 'True' });
  expectSmall(status);
  const asked = stage.azure.queries().filter(({ kql }) => kql.length > 500_000);
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter(({ status: answered }) => answered !== 200)).toEqual([]);
  expect(await lab.targets()).toEqual(before);
}, 150_000);

test('an environment that is too large for the way back is refused before anything is written', async (context: TestContext) => {
  const lab = await stage.lab(context);
  const before = await lab.targets();
  const env = Array.from({ length: 64 }, (_, index) => ({ name: `V${index}`, value: '😀'.repeat(1024) }));
  await lab.create('environment', { deployment: { containers: [{ name: 'bookservicemirror', env }] } });
  const status = await lab.complete('environment', 60);
  expect(conditionOf(status, 'Accepted')).toMatchObject({ status: 'False', reason: 'ConfigTooLarge' });
  expect(conditionOf(status, 'Accepted')?.message).toMatch(
    /annotation of 2\d\d KiB beside .* 256 KiB is the limit; put large values/,
  );
  expectSmall(status);
  expect(await lab.targets()).toEqual(before);
}, 90_000);
