import { isDeepStrictEqual } from 'node:util';
import type { MirrorExperimentStatus } from '../api/types.generated.ts';
import { figuresTime, tellsNews } from '../core/status/tellsNews.ts';

/** Of all experiments together, so that what the operator writes does not grow with their number. */
const REFRESHES_PER_MINUTE = 100;

/** An experiment as it is stored. */
interface Stored {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly status: MirrorExperimentStatus;
}

/**
 * Statuses that are decided and not stored, because they differ from what is stored in figures only. Figures are stored at
 * every look as long as few experiments run, and else so often that all of them together take 100 writes a minute. What is
 * not stored is lost with the process, and measured again at the next look.
 */
export interface Drafts {
  /** What was decided last about exactly this version of the experiment; otherwise what is stored. */
  statusOf(stored: Stored): MirrorExperimentStatus;
  /** True when what is stored says what was measured not long ago: newer figures alone are not going to be stored. */
  figuresStand(stored: Stored, now: number): boolean;
  /** True when the status has to be stored; false: it is kept here. */
  mustStore(stored: Stored, status: MirrorExperimentStatus, now: number): boolean;
  /** The experiment runs no more. */
  forget(uid: string): void;
}

interface Draft {
  readonly resourceVersion: string;
  readonly status: (() => MirrorExperimentStatus) | undefined;
}

/** Keeps a status small, and gives it back. */
export type PackStatus = (status: MirrorExperimentStatus) => () => MirrorExperimentStatus;

export function createDrafts(pack: PackStatus = (status) => () => status): Drafts {
  /** By uid, of every experiment that runs. */
  const drafts = new Map<string, Draft>();

  /** Milliseconds for which figures stand. */
  const lifetime = (): number => (drafts.size * 60_000) / REFRESHES_PER_MINUTE;

  const areFresh = (stored: MirrorExperimentStatus, now: number): boolean => {
    const measured = figuresTime(stored);
    return measured !== undefined && measured <= now && now - measured < lifetime();
  };

  return {
    statusOf: ({ uid, resourceVersion, status }) => {
      const draft = drafts.get(uid);
      return draft?.resourceVersion === resourceVersion ? (draft.status?.() ?? status) : status;
    },
    figuresStand: ({ status }, now) => status.lastAnalysisTime !== undefined && areFresh(status, now),
    mustStore: ({ uid, resourceVersion, status: stored }, status, now) => {
      drafts.set(uid, { resourceVersion, status: undefined });
      if (isDeepStrictEqual(status, stored)) return false;
      if (!areFresh(stored, now) || tellsNews(stored, status)) return true;
      drafts.set(uid, { resourceVersion, status: pack(status) });
      return false;
    },
    forget: (uid) => {
      drafts.delete(uid);
    },
  };
}
