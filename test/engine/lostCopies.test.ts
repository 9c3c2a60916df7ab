import { describe, expect, it } from 'vitest';
import { NAMESPACE } from '../support/lab.ts';
import { Simulation } from '../support/simulation.ts';

const DEADLINE = 3600;

/** A run whose telemetry is spoilt by `spoil`, with a Pass far away. */
function start(spoil: (lab: Simulation) => void, spec: Record<string, unknown> = {}) {
  const lab = new Simulation();
  const before = lab.targets();
  spoil(lab);
  lab.apply('x', 'V2', spec);
  return { lab, before };
}

const silent = (lab: Simulation) => {
  lab.telemetry.silent = { mirror: true };
};

describe('a candidate that reports nothing', () => {
  const check = (lab: Simulation, before: unknown) => {
    expect(lab.status('x').verdict).toBe('Inconclusive');
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'NoMirrorTelemetry' });
    expect(lab.condition('x', 'Passed')?.message).toMatch(/V2MIR-BookService.*\(live \d+ requests, candidate none\)/);
    expect(lab.condition('x', 'TelemetryFlowing')).toMatchObject({ status: 'False', reason: 'NoMirrorTelemetry' });
    expect(lab.targets()).toEqual(before);
  };

  it('ends the experiment when copies must have been seen three looks ago', async () => {
    const { lab, before } = start(silent);
    await lab.run(() => lab.condition('x', 'Mirroring')?.status === 'True');
    const since = lab.now;
    await lab.run(() => lab.status('x').verdict !== undefined);
    // An interval and its settling, and three more looks.
    expect((lab.now - since) / 1000).toBeGreaterThanOrEqual(180 + 4 * 30);
    expect((lab.now - since) / 1000).toBeLessThanOrEqual(180 + 5 * 30);
    await lab.run(() => lab.isComplete('x'));
    check(lab, before);
  });

  it('the same after a kill before and after every write', async () => {
    const { lab: reference } = start(silent);
    await reference.run(() => reference.isComplete('x'));
    for (let write = 1; write <= reference.cluster.writes; write++) {
      for (const when of ['before', 'after'] as const) {
        const { lab, before } = start(silent);
        lab.cluster.killAt = { write, when };
        const began = lab.now;
        await lab.run(() => lab.isComplete('x'));
        expect(lab.kills).toBe(1);
        expect(lab.now - began).toBeLessThan((DEADLINE / 4) * 1000);
        check(lab, before);
      }
    }
  });

  it('is given the time to be projected where Envoy watches its files', async () => {
    const { lab } = start(silent, watched());
    lab.cluster.edit('ConfigMap', NAMESPACE, 'default-sidecar', (object) => {
      Object.assign(object.data as Record<string, string>, { 'envoy.yaml': RDS, 'cds.yaml': CDS });
    });
    lab.cluster.remove('Deployment', NAMESPACE, 'bookinfo-spa');
    await lab.run(() => lab.condition('x', 'Mirroring')?.reason === 'ConfigWritten');
    const since = lab.now;
    await lab.run(() => lab.status('x').verdict !== undefined);
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'NoMirrorTelemetry' });
    expect((lab.now - since) / 1000).toBeGreaterThanOrEqual(120 + 180 + 4 * 30);
    expect((lab.now - since) / 1000).toBeLessThan(DEADLINE / 4);
  });

  it('is awaited until the deadline while live has too few requests to tell', async () => {
    const { lab } = start((each) => {
      silent(each);
      each.telemetry.requestsPerBlock = 0;
    });
    const began = lab.now;
    await lab.run(() => lab.condition('x', 'TelemetryFlowing')?.reason === 'NoLiveTelemetry');
    await lab.run(() => lab.isComplete('x'));
    expect(lab.now - began).toBeGreaterThanOrEqual(DEADLINE * 1000);
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'NoLiveTelemetry' });
  });

  it('is not taken to be silent when its telemetry is only late', async () => {
    const { lab } = start(silent);
    await lab.run(() => lab.condition('x', 'Mirroring')?.status === 'True');
    const since = lab.now;
    await lab.run(() => lab.now - since >= 270_000);
    lab.telemetry.silent = {};
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Pass');
  });
});

/** Analysed for so long that neither a Pass nor the reference's own loss of half the copies comes first. */
const LONG = { analysis: { minDurationSeconds: 1800, deadlineSeconds: 3000 } };
const PER_BLOCK = 60;
const few = (lab: Simulation) => {
  lab.telemetry.requestsPerBlock = PER_BLOCK;
};

describe('a candidate that falls silent', () => {
  it('ends the experiment after ten intervals, long before half of its copies are missing', async () => {
    const { lab, before } = start(few, LONG);
    await lab.run(() => (lab.status('x').requests?.live ?? 0) >= PER_BLOCK * 40);
    const from = lab.now - 180_000;
    lab.telemetry.loss = (at) => (at >= from ? 1 : 0);
    await lab.run(() => lab.isComplete('x'));
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'NoMirrorTelemetry' });
    expect(lab.condition('x', 'Passed')?.message).toMatch(
      /fallen silent: in the last 300 s live reported 600 requests/,
    );
    // Ten intervals that have settled, and the next look: at this age, when the window has grown by a tenth.
    expect((lab.now - from) / 1000).toBeLessThanOrEqual(180 + (10 + 5) * 30);
    expect(lab.targets()).toEqual(before);
  });

  it('is not given up for a few intervals', async () => {
    const { lab } = start(few, LONG);
    await lab.run(() => (lab.status('x').requests?.live ?? 0) >= PER_BLOCK * 40);
    const from = lab.now - 180_000;
    lab.telemetry.loss = (at) => (at >= from && at < from + 120_000 ? 1 : 0);
    await lab.run(() => lab.isComplete('x'), 8000);
    // What is missing counts as failed, so that it takes long to outweigh it.
    expect(['NotEnoughEvidence', 'WithinTolerance']).toContain(lab.condition('x', 'Passed')?.reason);
  });
});

describe('a candidate of whose copies some are dropped', () => {
  const dropping = (share: number) => (lab: Simulation) => {
    lab.telemetry.loss = () => share;
  };

  it('ends the experiment when the loss is certain and lasts', async () => {
    const { lab, before } = start(dropping(0.3));
    const began = lab.now;
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Inconclusive');
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'LostCopies' });
    expect(lab.condition('x', 'Passed')?.message).toMatch(/3\d\.\d % of the copies .*upstream_rq_pending_overflow/);
    expect((lab.now - began) / 1000).toBeLessThan(DEADLINE / 3);
    expect(lab.targets()).toEqual(before);
  });

  it('goes on while the loss is within what is tolerated', async () => {
    const { lab } = start(dropping(0.02));
    await lab.run(() => lab.isComplete('x'));
    expect(lab.condition('x', 'Passed')?.reason).not.toBe('LostCopies');
  });

  it('goes on when the loss has ended and will be outweighed', async () => {
    const { lab } = start(few, LONG);
    await lab.run(() => lab.status('x').mirroringSince !== undefined);
    const from = Date.parse(lab.status('x').mirroringSince ?? '') + 120_000;
    lab.telemetry.loss = (at) => (at < from + 240_000 ? 0.5 : 0);
    await lab.run(() => lab.isComplete('x'), 8000);
    expect(['NotEnoughEvidence', 'WithinTolerance']).toContain(lab.condition('x', 'Passed')?.reason);
  });

  it('goes on when only the latest telemetry of the candidate is missing, look after look', async () => {
    const { lab } = start((each) => {
      each.telemetry.loss = (at) => (at >= each.now - 180_000 - 120_000 ? 1 : 0);
    });
    await lab.run(() => lab.isComplete('x'), 8000);
    expect(['NotEnoughEvidence', 'WithinTolerance']).toContain(lab.condition('x', 'Passed')?.reason);
  });
});

it('a candidate that loses copies and reads that do not agree on it goes on', async () => {
  const { lab } = start(few, LONG);
  let reads = 0;
  const read = lab.telemetry.read.bind(lab.telemetry);
  lab.telemetry.read = (question, window) => {
    reads += 1;
    lab.telemetry.loss = () => (reads % 2 === 1 ? 0.3 : 0);
    return read(question, window);
  };
  await lab.run(() => lab.isComplete('x'), 8000);
  expect(lab.condition('x', 'Passed')?.reason).not.toBe('LostCopies');
});

const RDS = `version_info: "1"
resources:
- "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
  name: local_route
  virtual_hosts:
  - name: bookstore
    domains: ["*"]
    routes:
    - match: {prefix: "/api/"}
      route: {cluster: bookservice, timeout: 15s}
`;

const CDS = `resources:
- "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
  name: bookservice
  type: STATIC
- "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
  name: bookservicemirror
  type: STATIC
`;

function watched(): Record<string, unknown> {
  return {
    traffic: {
      envoy: {
        configMap: { name: 'default-sidecar', key: 'envoy.yaml', clustersKey: 'cds.yaml' },
        liveCluster: 'bookservice',
        mirrorCluster: 'bookservicemirror',
      },
    },
  };
}
