import { describe, expect, it } from 'vitest';
import type { Evaluation, GateEvaluation, Verdict } from '../../../src/core/verdict/evaluation.ts';
import { worstGate } from '../../../src/core/verdict/worstGate.ts';

function gate(name: string, verdict: Verdict, excess: number): GateEvaluation {
  const numbers = { logEvidencePass: 0, effectiveLive: 100, effectiveMirror: 100, phi: 1 };
  return { gate: name, verdict, logEvidenceFail: 6 + excess, threshold: 6, ...numbers };
}

function evaluation(reason: Evaluation['reason'], routes: Record<string, GateEvaluation[]>): Evaluation {
  const judged = Object.entries(routes).map(([name, gates]) => ({ name, verdict: 'Fail' as const, gates }));
  return { verdict: 'Fail', reason, routes: judged };
}

describe('worstGate', () => {
  it('names the route with the largest excess rather than the sum', () => {
    const judged = evaluation('Latency', {
      '(all)': [gate('p50', 'Fail', 90)],
      a: [gate('p50', 'Fail', 10), gate('p95', 'Fail', 20)],
      b: [gate('p50', 'Running', 40)],
    });
    expect(worstGate(judged)).toMatchObject({ route: 'a', gate: { gate: 'p95' } });
  });

  it('names the sum when no route fails alone', () => {
    const judged = evaluation('Latency', { '(all)': [gate('p95', 'Fail', 1)], a: [gate('p95', 'Running', -1)] });
    expect(worstGate(judged)).toMatchObject({ route: '(all)', gate: { gate: 'p95' } });
  });

  it('never names a gate that contradicts the reason', () => {
    const judged = evaluation('Latency', { '(all)': [gate('p50', 'Fail', 90)], a: [gate('errors', 'Fail', 20)] });
    expect(worstGate(judged)).toMatchObject({ route: '(all)', gate: { gate: 'p50' } });
  });

  it('is null unless something failed', () => {
    expect(worstGate({ verdict: 'Pass', reason: 'WithinTolerance', routes: [] })).toBeNull();
    const running = { name: 'a', verdict: 'Running' as const, gates: [gate('p50', 'Running', 3)] };
    expect(worstGate({ verdict: 'Running', reason: 'NotEnoughEvidence', routes: [running] })).toBeNull();
  });
});
