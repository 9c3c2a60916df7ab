import { describe, expect, it } from 'vitest';
import type { MirrorExperimentStatus } from '../../../src/api/types.generated.ts';
import { transitions } from '../../../src/core/status/transitions.ts';

type Condition = NonNullable<MirrorExperimentStatus['conditions']>[number];

function status(...conditions: Pick<Condition, 'type' | 'status' | 'reason'>[]): MirrorExperimentStatus {
  const rest = { message: 'because', lastTransitionTime: '2026-01-01T00:00:00Z', observedGeneration: 1 };
  return { conditions: conditions.map((condition) => ({ ...condition, ...rest })) };
}

const mirroring = { type: 'Mirroring', status: 'True', reason: 'Copying' } as const;

describe('events', () => {
  it('come when a condition gets another status or reason', () => {
    expect(transitions({}, status(mirroring))).toEqual([
      { type: 'Normal', reason: 'Copying', message: 'Mirroring: because' },
    ]);
    const conflict = { type: 'Mirroring', status: 'False', reason: 'RestoreConflict' } as const;
    expect(transitions(status(mirroring), status(conflict))).toMatchObject([
      { type: 'Warning', reason: 'RestoreConflict' },
    ]);
  });

  it('do not come when only the message changes', () => {
    const before = status(mirroring);
    const after = { conditions: before.conditions?.map((condition) => ({ ...condition, message: 'other' })) };
    expect(transitions(before, after as MirrorExperimentStatus)).toEqual([]);
  });

  it('do not come for what is not known yet, or has not begun', () => {
    const begun = status(
      { type: 'Accepted', status: 'Unknown', reason: 'WaitingForExperiment' },
      { type: 'Mirroring', status: 'False', reason: 'NotStarted' },
      { type: 'Complete', status: 'False', reason: 'Running' },
    );
    expect(transitions({}, begun)).toEqual([]);
  });

  it('warn of what went wrong and not of what ended well', () => {
    const ended = status(
      { type: 'CandidateReady', status: 'False', reason: 'Restored' },
      { type: 'Mirroring', status: 'False', reason: 'Restored' },
      { type: 'Passed', status: 'False', reason: 'Latency' },
      { type: 'Complete', status: 'True', reason: 'Finished' },
    );
    expect(transitions({}, ended).map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'Normal Restored',
      'Normal Restored',
      'Warning Latency',
      'Normal Finished',
    ]);
  });
});
