import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TelemetryError } from '../../src/engine/ports/telemetry.ts';
import { NAMESPACE, V2, V3, V4 } from '../support/lab.ts';
import { laggingObjects } from '../support/laggingObjects.ts';
import { Simulation } from '../support/simulation.ts';

/** The operator's looks begin with what it knows, which lags behind. */
function lagging(seconds: number): Simulation & { stale: () => number } {
  const lab = new Simulation();
  const known = laggingObjects(lab.cluster, () => lab.now, seconds * 1000);
  lab.known = known;
  return Object.assign(lab, { stale: known.stale });
}

/** What was read from the cluster itself, by the kind of the object. */
function countReads(lab: Simulation): Record<string, number> {
  const counts: Record<string, number> = {};
  const read = lab.cluster.read.bind(lab.cluster);
  lab.cluster.read = (ref) => {
    counts[ref.kind] = (counts[ref.kind] ?? 0) + 1;
    return read(ref);
  };
  return counts;
}

const isAnalysing = (lab: Simulation) => lab.condition('x', 'Passed')?.reason === 'Analysing';

describe('a look that changes nothing', () => {
  it('reads nothing from the API server', async () => {
    const lab = lagging(5);
    lab.apply('x', 'V2', { analysis: { minDurationSeconds: 3000, deadlineSeconds: 7200 } });
    await lab.run(() => isAnalysing(lab));
    const counts = countReads(lab);
    const queries = lab.telemetry.windows.length;
    const gates = () => (lab.status('x').progress ?? []).filter(({ verdict }) => verdict !== 'Running').length;
    const decided = gates();
    const end = lab.now + 1_200_000;
    await lab.run(() => lab.now >= end);
    expect(lab.telemetry.windows.length - queries).toBeGreaterThan(20);
    // Gates that are decided meanwhile are told.
    expect(gates()).toBeGreaterThan(decided);
    expect(counts).toEqual({});
  });

  it('still stores new figures', async () => {
    const lab = lagging(5);
    lab.apply('x', 'V2', { analysis: { minDurationSeconds: 3000, deadlineSeconds: 7200 } });
    await lab.run(() => isAnalysing(lab));
    const before = lab.status('x').lastAnalysisTime;
    const end = lab.now + 120_000;
    await lab.run(() => lab.now >= end);
    expect(lab.status('x').lastAnalysisTime).not.toBe(before);
  });
});

describe('however far behind what is known is', () => {
  it.each([
    ['V2', V2, 'Pass'],
    ['V3', V3, 'Fail'],
    ['V4', V4, 'Fail'],
  ] as const)('%s comes to its verdict and everything is restored', async (version, behaviour, verdict) => {
    for (const seconds of [1, 31, 600]) {
      const lab = lagging(seconds);
      const before = lab.targets();
      lab.telemetry.behaviour = behaviour;
      lab.apply('x', version);
      await lab.run(() => lab.isComplete('x'));
      expect([seconds, lab.status('x').verdict]).toEqual([seconds, verdict]);
      expect(lab.targets()).toEqual(before);
    }
  });

  it('no verdict is given on a mirror that somebody has taken out', async () => {
    const lab = lagging(600);
    lab.apply('x', 'V2', { analysis: { minDurationSeconds: 600 } });
    await lab.run(() => isAnalysing(lab));
    lab.cluster.edit('ConfigMap', NAMESPACE, 'default-sidecar', (object) => {
      const metadata = object.metadata as { annotations?: Record<string, string> };
      delete metadata.annotations;
      object.data = { 'envoy.yaml': 'static_resources: {}' };
    });
    await lab.run(() => lab.status('x').verdict !== undefined);
    expect(lab.status('x')).toMatchObject({ verdict: 'Inconclusive' });
    expect(lab.condition('x', 'Passed')?.reason).toBe('TargetChanged');
    expect(lab.stale()).toBeGreaterThan(0);
  });

  it('a deletion and a change of the spec restore at once', async () => {
    const lab = lagging(600);
    const before = lab.targets();
    lab.apply('x', 'V2', { analysis: { minDurationSeconds: 3000, deadlineSeconds: 7200 } });
    await lab.run(() => lab.isMirroring());
    // The copy of experiments tells of these by an event; what else is known lags behind.
    const { read } = lab.known ?? {};
    lab.known = {
      listPods: lab.cluster.listPods.bind(lab.cluster),
      read: async (ref) => (ref.kind === 'MirrorExperiment' ? lab.cluster.read(ref) : read?.(ref)),
    };
    lab.delete('x');
    await lab
      .run(() => lab.cluster.get('MirrorExperiment', NAMESPACE, 'x') === undefined)
      .catch((error: unknown) => {
        // Nothing is left to run for.
        expect(String(error)).toContain('no experiment is left');
      });
    expect(lab.targets()).toEqual(before);
  });

  it('the operator may end at any write', async () => {
    const whole = lagging(31);
    whole.apply('x', 'V2');
    await whole.run(() => whole.isComplete('x'));
    const { writes } = whole.cluster;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: writes }),
        fc.constantFrom('before' as const, 'after' as const),
        fc.constantFrom(1, 31, 300),
        async (write, when, seconds) => {
          const lab = lagging(seconds);
          const before = lab.targets();
          lab.cluster.killAt = { write, when };
          lab.apply('x', 'V2');
          await lab.run(() => lab.isComplete('x'));
          expect(lab.status('x').verdict).toBe('Pass');
          expect(lab.targets()).toEqual(before);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('a source that does not answer in time', () => {
  it('is waited for once in a look, and asked again in the next', async () => {
    const lab = lagging(5);
    lab.apply('x', 'V2', { analysis: { minDurationSeconds: 3000, deadlineSeconds: 7200 } });
    await lab.run(() => isAnalysing(lab));
    const waits: number[] = [];
    lab.telemetry.read = async () => {
      const began = lab.now;
      // The guard's question and the analysis' are asked together.
      if (waits.at(-1) !== began) waits.push(began);
      await Promise.resolve();
      lab.now = began + 120_000;
      throw new TelemetryError('Unavailable', 'Log Analytics did not answer within 120 s', { isLate: true });
    };
    const end = lab.now + 1_200_000;
    await lab.run(() => lab.now >= end);
    expect(lab.condition('x', 'LiveHealthy')?.reason).toBe('TelemetryError');
    expect(lab.condition('x', 'TelemetryFlowing')?.reason).toBe('TelemetryError');
    expect(waits.length).toBeGreaterThan(5);
    // After each wait of 120 s the look ends, and the next one is an interval later.
    for (const [index, at] of waits.slice(1).entries()) expect(at - (waits[index] ?? 0)).toBeGreaterThan(120_000);
  });
});
