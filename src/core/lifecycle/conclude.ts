import type { ReasonOf } from '../../api/reasons.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { JudgedWindow } from '../evidence/recordOf.ts';
import type { Decision } from './decision.ts';
import { report } from './report.ts';
import { relyOnJournals } from './restore.ts';
import type { RestoreWorld } from './world.ts';

export type Verdict = NonNullable<MirrorExperimentStatus['verdict']>;

/**
 * The verdict is stored before anything is restored: an operator that ends in between finds it and restores, instead of
 * judging anew from a mirror that is half gone.
 * @param evidence what the verdict rests on, when that is telemetry
 */
export function conclude(
  world: RestoreWorld,
  status: MirrorExperimentStatus,
  verdict: Verdict,
  reason: ReasonOf<'Passed'> & string,
  message: string,
  evidence?: JudgedWindow,
): Decision {
  const passed = report(world, status, 'Passed', verdict === 'Pass' ? 'True' : 'False', reason, message);
  const concluded: MirrorExperimentStatus = { ...passed, verdict, summary: `${verdict}: ${message}` };
  return {
    status: relyOnJournals(world, concluded),
    next: { kind: 'save', ...(evidence !== undefined && { evidence }) },
  };
}
