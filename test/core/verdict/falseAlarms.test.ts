import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../src/core/verdict/evaluate.ts';
import type { EvidenceAnalysis } from '../../../src/core/verdict/evidence.ts';
import { EvidenceRecorder } from '../../support/evidenceRecorder.ts';
import { type Random, seededRandom } from '../../support/random.ts';

// Peeking: the verdict is asked for after every block, and one false alarm in any of them spoils the run.
const RUNS = 300;
const BLOCKS = 30;
const REQUESTS_PER_BLOCK = 150;
const DECLARED = 0.05;
const LONG = { timeout: 120_000 }; // a few seconds of computing, on a machine that may be busy

const EQUALITY: EvidenceAnalysis = {
  falseAlarmPercent: 100 * DECLARED,
  minRequests: 50,
  latency: [
    { percentile: 50, maxIncreasePercent: 0, maxIncreaseMilliseconds: 0 },
    { percentile: 95, maxIncreasePercent: 0, maxIncreaseMilliseconds: 0 },
  ],
  errors: { maxIncreaseBasisPoints: 0 },
  coverage: { maxLossPercent: 5 },
};

const TOLERANT: EvidenceAnalysis = {
  ...EQUALITY,
  latency: [
    { percentile: 50, maxIncreasePercent: 10, maxIncreaseMilliseconds: 0 },
    { percentile: 95, maxIncreasePercent: 10, maxIncreaseMilliseconds: 0 },
  ],
  errors: { maxIncreaseBasisPoints: 100 },
};

interface Candidate {
  readonly slowdown: number;
  readonly liveErrors: number;
  readonly mirrorErrors: number;
}

interface Outcome {
  /** Some gate failed at some poll. */
  failed: boolean;
  /** Gates that passed at some poll. */
  readonly passed: Set<string>;
  readonly verdicts: Set<string>;
  /** A z-test of the mean logarithms, at every poll, at the declared rate. */
  naiveAlarm: boolean;
}

describe('under continuous peeking', () => {
  it('identical versions fail in no more runs than declared, even with zero tolerance', LONG, () => {
    const outcomes = simulate({ slowdown: 1, liveErrors: 0.01, mirrorErrors: 0.01 }, EQUALITY, RUNS, 1);
    expect(share(outcomes, ({ failed }) => failed)).toBeLessThanOrEqual(DECLARED);
    // the control: the same data do tempt a test that is not made for peeking
    expect(share(outcomes, ({ naiveAlarm }) => naiveAlarm)).toBeGreaterThan(3 * DECLARED);
  });

  it('a candidate exactly at tolerance passes no gate, and fails, in no more runs than declared', LONG, () => {
    const outcomes = simulate({ slowdown: 1.1, liveErrors: 0.005, mirrorErrors: 0.015 }, TOLERANT, RUNS, 2);
    for (const gate of ['p50', 'p95', 'errors']) {
      expect(
        share(outcomes, ({ passed }) => passed.has(gate)),
        gate,
      ).toBeLessThanOrEqual(DECLARED);
    }
    expect(share(outcomes, ({ verdicts }) => verdicts.has('Pass'))).toBe(0);
    expect(share(outcomes, ({ failed }) => failed)).toBeLessThanOrEqual(DECLARED);
  });

  it('the same simulation passes a healthy candidate and fails a bad one', LONG, () => {
    const healthy = simulate({ slowdown: 1, liveErrors: 0.005, mirrorErrors: 0.005 }, TOLERANT, 20, 3, 2 * BLOCKS);
    expect(share(healthy, ({ verdicts }) => verdicts.has('Pass'))).toBeGreaterThanOrEqual(0.9);
    const slow = simulate({ slowdown: 1.3, liveErrors: 0.005, mirrorErrors: 0.005 }, TOLERANT, 20, 4);
    expect(share(slow, ({ verdicts }) => verdicts.has('Fail'))).toBe(1);
    const faulty = simulate({ slowdown: 1, liveErrors: 0.005, mirrorErrors: 0.06 }, TOLERANT, 20, 5);
    expect(share(faulty, ({ verdicts }) => verdicts.has('Fail'))).toBe(1);
  });
});

function simulate(
  candidate: Candidate,
  analysis: EvidenceAnalysis,
  runs: number,
  seed: number,
  blocks = BLOCKS,
): Outcome[] {
  return Array.from({ length: runs }, (_, run) =>
    simulateRun(candidate, analysis, seededRandom(1000 * seed + run), blocks),
  );
}

/** Lognormal latencies with a median of 100 ms that drift, with bursts, in both versions alike. */
function simulateRun(candidate: Candidate, analysis: EvidenceAnalysis, random: Random, blocks: number): Outcome {
  const recorder = new EvidenceRecorder();
  const outcome: Outcome = { failed: false, passed: new Set(), verdicts: new Set(), naiveAlarm: false };
  const live = new RunningMoments();
  const mirror = new RunningMoments();
  for (let block = 0; block < blocks; block++) {
    const load = 100 * (1 + 0.2 * Math.sin(block / 5)) * (random.chance(0.1) ? 1.5 : 1);
    for (let i = 0; i < REQUESTS_PER_BLOCK; i++) {
      const liveMs = load * Math.exp(0.5 * random.normal());
      const mirrorMs = candidate.slowdown * load * Math.exp(0.5 * random.normal());
      recorder.record('GET /', 'live', random.chance(candidate.liveErrors) ? null : liveMs);
      recorder.record('GET /', 'mirror', random.chance(candidate.mirrorErrors) ? null : mirrorMs);
      live.add(Math.log(liveMs));
      mirror.add(Math.log(mirrorMs));
    }
    recorder.endBlock();
    const { verdict, routes } = evaluate(recorder.document(analysis));
    outcome.verdicts.add(verdict);
    for (const { gate, verdict: judged } of routes.flatMap(({ gates }) => gates)) {
      if (judged === 'Fail') outcome.failed = true;
      if (judged === 'Pass') outcome.passed.add(gate);
    }
    if (Math.abs(zStatistic(live, mirror)) > 1.96) outcome.naiveAlarm = true;
  }
  return outcome;
}

class RunningMoments {
  count = 0;
  sum = 0;
  sumOfSquares = 0;

  add(value: number): void {
    this.count++;
    this.sum += value;
    this.sumOfSquares += value * value;
  }

  get mean(): number {
    return this.sum / this.count;
  }

  get varianceOfMean(): number {
    return (this.sumOfSquares / this.count - this.mean ** 2) / this.count;
  }
}

function zStatistic(live: RunningMoments, mirror: RunningMoments): number {
  return (mirror.mean - live.mean) / Math.sqrt(live.varianceOfMean + mirror.varianceOfMean);
}

function share(outcomes: readonly Outcome[], holds: (outcome: Outcome) => boolean): number {
  return outcomes.filter(holds).length / outcomes.length;
}
