import type { Reflector } from '../adapters/kubernetes/reflector.ts';
import { startReflector } from '../adapters/kubernetes/reflector.ts';
import type { WatchTiming } from '../adapters/kubernetes/watch.ts';
import { systemClock } from '../adapters/systemClock.ts';
import { type Connection, experimentPath } from './connect.ts';
import { isComplete, readExperiment, type SeenExperiment } from './experimentResult.ts';

export interface Followed {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The run that is meant; undefined: that of the newest spec. */
  readonly generation?: number | undefined;
}

export type Ending =
  | { readonly kind: 'complete'; readonly experiment: SeenExperiment }
  /** Its spec was changed, so the run that was meant does not go on. */
  | { readonly kind: 'superseded'; readonly experiment: SeenExperiment }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'interrupted' };

export interface FollowOptions {
  /** Of the time until it must be complete, in milliseconds; undefined: none. */
  readonly limit: number | undefined;
  readonly interrupted: AbortSignal;
  /** Hears every version that is seen, and the last one again every second. */
  readonly onSight: (experiment: SeenExperiment) => void;
}

const timing: WatchTiming = {
  watchSeconds: 25,
  slackMilliseconds: 5000,
  relistMilliseconds: 5 * 60_000,
  backoff: { baseMilliseconds: 500, capMilliseconds: 5000 },
};
const TICK = 1000;

/**
 * Follows an experiment until it is complete, by a watch that is taken up again when it breaks, whatever the API server
 * does meanwhile. Never throws: only the limit and the signal end it early.
 */
export async function follow(
  { api, log }: Pick<Connection, 'api' | 'log'>,
  followed: Followed,
  { limit, interrupted, onSight }: FollowOptions,
): Promise<Ending> {
  const { namespace, name, uid, generation } = followed;
  const ended = Promise.withResolvers<Ending>();
  let last: SeenExperiment | undefined;
  const look = (object: unknown): void => {
    const experiment = readExperiment(object);
    if (experiment.uid !== uid) {
      ended.resolve({ kind: 'deleted' });
      return;
    }
    last = experiment;
    onSight(experiment);
    if (generation !== undefined && experiment.generation > generation)
      ended.resolve({ kind: 'superseded', experiment });
    else if (isComplete(experiment) && (generation === undefined || experiment.generation === generation)) {
      ended.resolve({ kind: 'complete', experiment });
    }
  };
  const interrupt = () => ended.resolve({ kind: 'interrupted' });
  if (interrupted.aborted) return { kind: 'interrupted' };
  interrupted.addEventListener('abort', interrupt);
  // A name is a valid label, so it needs no escape. The client library's own watch does not survive most errors.
  const path = `${experimentPath(namespace)}?fieldSelector=metadata.name%3D${encodeURIComponent(name)}`;
  const reflector: Reflector = startReflector({
    api,
    path,
    clock: systemClock,
    log,
    timing,
    onEvent: (type, object) => {
      if (type !== 'DELETED') look(object);
      else if (object.metadata.uid === uid) ended.resolve({ kind: 'deleted' });
    },
  });
  const tick = setInterval(() => {
    if (last !== undefined) onSight(last);
    // It may have gone before the first list, of which no event tells.
    if (reflector.synced() && !reflector.objects.has(`${namespace}/${name}`)) ended.resolve({ kind: 'deleted' });
  }, TICK);
  const cancel = limit === undefined ? () => {} : systemClock.setTimer(limit, () => ended.resolve({ kind: 'timeout' }));
  try {
    return await ended.promise;
  } finally {
    cancel();
    clearInterval(tick);
    interrupted.removeEventListener('abort', interrupt);
    await reflector.stop();
  }
}
