import { type Evaluation, type GateEvaluation, reasonOf } from './evaluation.ts';
import { ALL_ROUTES } from './evidence.ts';

export interface WorstGate {
  readonly route: string;
  readonly gate: GateEvaluation;
}

/**
 * The failing gate to name in a message: of those that give the evaluation's reason, the one with the largest excess of
 * evidence over its threshold. The sum "(all)" is named only when no route of its own fails for that reason: users want
 * the route to blame. null unless the verdict is Fail.
 */
export function worstGate(evaluation: Evaluation): WorstGate | null {
  const failing = evaluation.routes
    .flatMap(({ name, gates }) => gates.map((gate) => ({ route: name, gate })))
    .filter(({ gate }) => gate.verdict === 'Fail' && reasonOf(gate.gate) === evaluation.reason);
  const ofRoutes = failing.filter(({ route }) => route !== ALL_ROUTES);
  const [worst] = (ofRoutes.length > 0 ? ofRoutes : failing).sort((a, b) => excess(b.gate) - excess(a.gate));
  return worst ?? null;
}

function excess({ logEvidenceFail, threshold }: GateEvaluation): number {
  return logEvidenceFail - threshold;
}
