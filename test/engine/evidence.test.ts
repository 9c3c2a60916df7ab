import { describe, expect, test } from 'vitest';
import type { ExperimentRecord } from '../../src/core/evidence/record.ts';
import { evaluate } from '../../src/core/verdict/evaluate.ts';
import type { EvidenceDocument } from '../../src/core/verdict/evidence.ts';
import { ClusterError } from '../../src/engine/ports/cluster.ts';
import { TelemetryError } from '../../src/engine/ports/telemetry.ts';
import { NAMESPACE, V2, V3, V4 } from '../support/lab.ts';
import { Killed } from '../support/memoryCluster.ts';
import { Simulation } from '../support/simulation.ts';

/** What the ConfigMap of a finished experiment holds. */
function kept(lab: Simulation, name: string): { evidence: EvidenceDocument; record: ExperimentRecord } | undefined {
  const configMap = lab.cluster.get('ConfigMap', NAMESPACE, `${name}-evidence`);
  if (configMap === undefined) return undefined;
  const { data = {}, binaryData = {} } = configMap as {
    data?: Record<string, string>;
    binaryData?: Record<string, string>;
  };
  const text = (key: string) => data[key] ?? Buffer.from(binaryData[`${key}.gz`] ?? '', 'base64').toString();
  return { evidence: JSON.parse(text('evidence.json')), record: JSON.parse(text('record.json')) };
}

async function finished(behaviour = V3): Promise<Simulation> {
  const lab = new Simulation();
  lab.telemetry.behaviour = behaviour;
  lab.apply('x', 'V9');
  await lab.run(() => lab.isComplete('x'));
  return lab;
}

describe('a finished experiment owns the evidence of its verdict', () => {
  test.each([
    ['Pass', V2],
    ['Fail', V3],
    ['Fail', V4],
  ] as const)('which leads to the same %s again', async (verdict, behaviour) => {
    const lab = await finished(behaviour);
    const status = lab.status('x');
    expect(status).toMatchObject({ verdict, evidence: 'x-evidence' });
    const { evidence, record } = kept(lab, 'x') ?? expect.unreachable();
    expect(evaluate(evidence)).toMatchObject({ verdict, reason: lab.condition('x', 'Passed')?.reason });
    expect(record.status).toMatchObject({ verdict, summary: status.summary, requests: status.requests });
    expect(record.status.latency).toEqual(status.latency);
    const { start, end } = record.window ?? expect.unreachable();
    expect((Date.parse(end) - Date.parse(start)) / 1000).toBe(evidence.elapsedSeconds);
    expect(record.trace?.seconds.at(-1)).toBe(evidence.elapsedSeconds);
  });

  test('which goes when the experiment goes, and names it', async () => {
    const lab = await finished();
    const { uid } = lab.cluster.get('MirrorExperiment', NAMESPACE, 'x')?.metadata ?? expect.unreachable();
    expect(lab.cluster.get('ConfigMap', NAMESPACE, 'x-evidence')?.metadata).toMatchObject({
      labels: { 'mirroring.dev/experiment': 'x' },
      ownerReferences: [{ apiVersion: 'mirroring.dev/v1alpha1', kind: 'MirrorExperiment', name: 'x', uid }],
    });
  });

  test.each([0, 1])('when every second write is done and seems to have failed, from write %d on', async (first) => {
    const lab = new Simulation();
    lab.telemetry.behaviour = V3;
    let writes = first;
    const shaky =
      <A extends unknown[], T>(write: (...given: A) => Promise<T>) =>
      async (...given: A): Promise<T> => {
        writes += 1;
        const isLost = writes % 2 === 0;
        const written = await write(...given);
        if (isLost) throw new Killed();
        return written;
      };
    const { cluster } = lab;
    cluster.createConfigMap = shaky(cluster.createConfigMap.bind(cluster));
    cluster.patch = shaky(cluster.patch.bind(cluster));
    cluster.writeStatus = shaky(cluster.writeStatus.bind(cluster));
    lab.apply('x', 'V9');
    await lab.run(() => lab.isComplete('x'), 2000);
    expect(lab.status('x')).toMatchObject({ verdict: 'Fail', evidence: 'x-evidence' });
    expect(kept(lab, 'x')?.record.status).toMatchObject({ verdict: 'Fail' });
  });

  test.each(['before', 'after'] as const)('when the operator is killed %s it is written', async (when) => {
    const lab = new Simulation();
    lab.telemetry.behaviour = V3;
    const create = lab.cluster.createConfigMap.bind(lab.cluster);
    lab.cluster.createConfigMap = (configMap) => {
      lab.cluster.killAt ??= { write: lab.cluster.writes + 1, when };
      return create(configMap);
    };
    lab.apply('x', 'V9');
    await lab.run(() => lab.isComplete('x'));
    expect(lab.kills).toBe(1);
    const { evidence, record } = kept(lab, 'x') ?? expect.unreachable();
    expect(evaluate(evidence).verdict).toBe('Fail');
    expect(record.status.summary).toBe(lab.status('x').summary);
  });

  test('and that of a new run replaces it', async () => {
    const lab = await finished(V3);
    lab.telemetry.behaviour = V2;
    lab.cluster.edit('MirrorExperiment', NAMESPACE, 'x', (object) => {
      const spec = object.spec as { analysis?: Record<string, unknown> };
      spec.analysis = { ...spec.analysis, minRequests: 60 };
    });
    await lab.run(() => lab.status('x').verdict === undefined);
    expect(lab.status('x').evidence).toBeUndefined();
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x')).toMatchObject({ verdict: 'Pass', evidence: 'x-evidence' });
    expect(evaluate((kept(lab, 'x') ?? expect.unreachable()).evidence).verdict).toBe('Pass');
  });
});

describe('a verdict without telemetry', () => {
  test('has a record, and evidence without routes', async () => {
    const lab = new Simulation();
    lab.stuck = ['bookservicemirror'];
    lab.apply('x', 'V9');
    await lab.run(() => lab.isComplete('x'));
    const { evidence, record } = kept(lab, 'x') ?? expect.unreachable();
    expect(evidence.routes).toEqual([]);
    expect(evaluate(evidence).verdict).toBe('Inconclusive');
    expect(record).toMatchObject({ window: null, queries: [], trace: null });
    expect(record.status.verdict).toBe(lab.status('x').verdict);
  });
});

describe('the verdict does not depend on its record', () => {
  test('when how the evidence grew cannot be read', async () => {
    const lab = new Simulation();
    lab.telemetry.behaviour = V3;
    lab.telemetry.trace = async () => {
      throw new TelemetryError('Unavailable', 'away');
    };
    lab.apply('x', 'V9');
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Fail');
    const { evidence, record } = kept(lab, 'x') ?? expect.unreachable();
    expect(evaluate(evidence).verdict).toBe('Fail');
    expect(record.trace).toBeNull();
  });

  test('when the API server refuses the ConfigMap: an event tells', async () => {
    const lab = new Simulation();
    const before = lab.targets();
    lab.telemetry.behaviour = V3;
    lab.cluster.refuses.set('ConfigMap/x-evidence', new ClusterError('Forbidden', 'exceeded quota'));
    lab.apply('x', 'V9');
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x')).toMatchObject({ verdict: 'Fail' });
    expect(lab.status('x').evidence).toBeUndefined();
    expect(lab.cluster.events.filter(({ reason }) => reason === 'EvidenceNotKept')).toEqual([
      { type: 'Warning', reason: 'EvidenceNotKept', message: expect.stringContaining('exceeded quota') },
    ]);
    expect(lab.targets()).toEqual(before);
  });

  test('when there is a ConfigMap of that name that is somebody else’s: it is left alone', async () => {
    const lab = new Simulation();
    lab.telemetry.behaviour = V3;
    const mine = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: NAMESPACE, name: 'x-evidence' } };
    lab.cluster.put({ ...mine, data: { precious: 'yes' } });
    lab.apply('x', 'V9');
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Fail');
    expect(lab.status('x').evidence).toBeUndefined();
    expect(lab.cluster.get('ConfigMap', NAMESPACE, 'x-evidence')?.data).toEqual({ precious: 'yes' });
  });
});
