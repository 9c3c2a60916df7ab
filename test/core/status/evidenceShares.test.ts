import { expect, test } from 'vitest';
import { evidenceShares } from '../../../src/core/status/evidenceShares.ts';
import { evaluate } from '../../../src/core/verdict/evaluate.ts';
import type { EvidenceDocument } from '../../../src/core/verdict/evidence.ts';
import vectors from '../../vectors/verdict.json' with { type: 'json' };

const documents = vectors.vectors.filter(({ function: name }) => name === 'evaluate');

test.for(documents)('$name: 100 % of what is needed is there exactly where the evidence suffices', ({ input }) => {
  const document = input as unknown as EvidenceDocument;
  const { analysis } = document;
  const enough = Math.log(100 / analysis.falseAlarmPercent);
  const { routes } = evaluate(document);
  for (const gate of routes.flatMap(({ gates }) => gates)) {
    const { towardsFailPercent, towardsPassPercent } = evidenceShares(analysis, gate);
    expect(towardsFailPercent === 100).toBe(gate.logEvidenceFail >= gate.threshold);
    if (towardsPassPercent !== undefined) expect(towardsPassPercent === 100).toBe(gate.logEvidencePass >= enough);
    for (const share of [towardsFailPercent, towardsPassPercent ?? 0]) {
      expect(Number.isInteger(share) && share >= 0 && share <= 100, `${share}`).toBe(true);
    }
  }
});

test('a gate that a Pass needs no evidence of shows none towards it', () => {
  const document = documents[0]?.input as unknown as EvidenceDocument;
  const [route] = evaluate(document).routes;
  const shown = route?.gates.filter((gate) => evidenceShares(document.analysis, gate).towardsPassPercent !== undefined);
  expect(shown?.map(({ gate }) => gate)).toEqual(['p50', 'p95', 'errors']);
});
