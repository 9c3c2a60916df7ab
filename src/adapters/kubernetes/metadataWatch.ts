import type { ObjectRef } from '../../core/kubernetes/object.ts';
import type { MonotonicClock } from '../../engine/ports/clock.ts';
import type { Log } from '../../engine/ports/log.ts';
import type { ApiClient } from './apiClient.ts';
import { startWatch, type Watch, type WatchOptions, type WatchTiming } from './watch.ts';

export interface MetadataWatchOptions {
  readonly api: ApiClient;
  readonly clock: MonotonicClock;
  readonly log: Log;
  /** Only objects of this namespace; absent: of all. */
  readonly namespace?: string;
  readonly timing?: WatchTiming;
  /** Hears of changes of objects that are known. */
  readonly onChange?: (ref: ObjectRef) => void;
}

export interface MetadataWatch extends Pick<Watch, 'stop'> {
  /**
   * A number that stays the same as long as the watch tells of every change, and another one whenever it may have missed
   * some; undefined while it tells nothing.
   */
  epoch(): number | undefined;
}

/** Watches the metadata of the objects of a collection; first it tells of all that there are. */
export function startMetadataWatch(
  { api, clock, log, timing }: MetadataWatchOptions,
  path: string,
  onEvent: WatchOptions['onEvent'],
): MetadataWatch {
  let epoch = 0;
  const watch = startWatch({
    api,
    clock,
    log,
    path,
    metadataOnly: true,
    ...(timing !== undefined && { timing }),
    begin: async () => {
      epoch += 1;
      return '';
    },
    onEvent,
  });
  return { stop: watch.stop, epoch: () => (watch.isFollowing() ? epoch : undefined) };
}
