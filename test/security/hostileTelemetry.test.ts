import { describe, expect, it } from 'vitest';
import { statusSchema } from '../../src/api/schema.generated.ts';
import { validate } from '../../src/api/structuralSchema.ts';
import type { RouteSamples, Samples } from '../../src/core/samples/samples.ts';
import { TelemetryError } from '../../src/engine/ports/telemetry.ts';
import { NAMESPACE } from '../support/lab.ts';
import { Simulation } from '../support/simulation.ts';

/** Bytes; an API server stores 1.5 MiB. */
const LARGEST_STATUS = 64 * 1024;

type Change = (route: RouteSamples, index: number) => RouteSamples;
type Arm = RouteSamples['live'];

const both = (change: (arm: Arm) => Arm): Change => {
  return (route) => ({ ...route, live: change(route.live), mirror: change(route.mirror) });
};
/** As the adapter hands them on at most: 49 names and (other). */
const fifty =
  (name: (index: number) => string) =>
  (samples: Samples): Samples => {
    const [first] = samples.routes;
    if (first === undefined) return samples;
    const names = [...Array.from({ length: 49 }, (_, index) => name(index)), '(other)'];
    return { ...samples, routes: names.map((each) => ({ ...first, name: each })) };
  };
const each =
  (change: Change) =>
  (samples: Samples): Samples => ({ ...samples, routes: samples.routes.map(change) });

const HOSTILE: readonly [string, (samples: Samples) => Samples][] = [
  ['names that steer a terminal', fifty((index) => `\u001b[${index}mGET \u009b2J\r\n\u202e${index}`)],
  [
    'names that differ only in what is shown as an escape',
    fifty((index) => '\u001b'.repeat(index + 1) + '\\u001b'.repeat(49 - index)),
  ],
  ['names that are half surrogate pairs', fifty((index) => String.fromCharCode(0xd800 + index))],
  ['names of 1,024 characters of four bytes', fifty((index) => `${index}${'😀'.repeat(1022)}`)],
  [
    'names of the language',
    fifty(
      (index) => ['__proto__', 'constructor', 'toString', 'valueOf', '(all)', ''][index] ?? `hasOwnProperty${index}`,
    ),
  ],
  [
    'counts of 2^53',
    each(both((arm) => ({ ...arm, items: 2 ** 53 - 1, requests: 2 ** 53 - 1, sumSquaredWeights: 2 ** 53 - 1 }))),
  ],
  ['sums of 1e308', each(both((arm) => ({ ...arm, sumMilliseconds: 1e308, sumSquaredMilliseconds: 1e308 })))],
  ['durations of 1,000 days', each(both((arm) => ({ ...arm, histogram: { '1272': arm.requests } })))],
  ['durations of nothing', each(both((arm) => ({ ...arm, histogram: { '-349': arm.requests } })))],
  ['more successes than requests', each(both((arm) => ({ ...arm, histogram: { '100': arm.requests * 1000 } })))],
  ['only failures', each(both((arm) => ({ ...arm, errors: arm.requests, errorItems: arm.items, histogram: {} })))],
  [
    'blocks in the future',
    each((route) => ({ ...route, blocks: route.blocks.map((block, at) => ({ ...block, start: 1e12 + at })) })),
  ],
  [
    'blocks with more parts than rows',
    each((route) => ({
      ...route,
      blocks: route.blocks.map((block) => ({ ...block, live: { ...block.live, errorItems: 1e9 } })),
    })),
  ],
  [
    'pairs that all differ',
    each((route) => ({
      ...route,
      pairs: { count: 2 ** 52, onlyMirrorFailed: 2 ** 51, onlyLiveFailed: 0, slower: 2 ** 51 },
    })),
  ],
  ['no route', (samples) => ({ ...samples, routes: [] })],
];

function hostile(change: (samples: Samples) => Samples): Simulation {
  const lab = new Simulation();
  const read = lab.telemetry.read.bind(lab.telemetry);
  lab.telemetry.read = async (question, window) => change(await read(question, window));
  return lab;
}

/** What an API server would store: JSON, in its limits, without what a terminal obeys. */
function expectStorable(lab: Simulation, name: string): void {
  const text = JSON.stringify(lab.status(name));
  expect(Buffer.byteLength(text)).toBeLessThan(LARGEST_STATUS);
  expect(validate(statusSchema, JSON.parse(text), 'status').errors).toEqual([]);
  const texts = [lab.status(name).summary ?? '', ...(lab.status(name).conditions ?? []).map(({ message }) => message)];
  const names = (lab.status(name).routes ?? []).map((route) => route.name);
  const events = lab.cluster.events.map(({ message }) => message);
  for (const shown of [...texts, ...names, ...events])
    expect(shown).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e]/u);
  expect(new Set(names).size).toBe(names.length);
}

describe.each(HOSTILE)('telemetry with %s', (_, change) => {
  it('never crashes the operator, ends the experiment with a status that can be stored, and restores everything', async () => {
    const lab = hostile(change);
    const before = lab.targets();
    const guard = { enabled: false };
    lab.apply('x', 'V3', { analysis: { deadlineSeconds: 1200, liveGuard: guard } });
    await lab.run(() => lab.isComplete('x'));
    expectStorable(lab, 'x');
    expect(lab.targets()).toEqual(before);
  });
});

describe('telemetry whose content nobody can believe', () => {
  it.each(['Malformed', 'Partial', 'Unavailable'] as const)('is %s: never a Pass, and mirroring ends', async (kind) => {
    const lab = new Simulation();
    const before = lab.targets();
    lab.apply('x', 'V2', { analysis: { deadlineSeconds: 1200 } });
    await lab.run(() => lab.isMirroring());
    lab.telemetry.failure = new TelemetryError(
      kind,
      `the answer for sums has "\u001b[31m" in the column Items ${'x'.repeat(5000)}`,
    );
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Inconclusive');
    expectStorable(lab, 'x');
    expect(lab.targets()).toEqual(before);
  });
});

describe('a config that says more than a status can hold', () => {
  it('is refused in a summary of bounded length', async () => {
    const lab = new Simulation();
    lab.cluster.edit('ConfigMap', NAMESPACE, 'default-sidecar', (object) => {
      const keys = Array.from({ length: 4000 }, (_, index) => [`${'k'.repeat(240)}${index}`, '']);
      object.data = Object.fromEntries(keys);
    });
    lab.apply('x', 'V2');
    await lab.run(() => lab.isComplete('x'));
    expect(lab.condition('x', 'Accepted')).toMatchObject({ status: 'False', reason: 'ConfigKeyNotFound' });
    expectStorable(lab, 'x');
  });
});
