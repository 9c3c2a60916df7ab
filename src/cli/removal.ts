import { ApiError } from '../adapters/kubernetes/apiError.ts';
import { isRecord } from '../api/structuralSchema.ts';
import { ClusterError } from '../engine/ports/cluster.ts';
import { type Connection, experimentPath } from './connect.ts';

export interface Target {
  readonly namespace: string;
  readonly name: string;
  /** Only this object; undefined: whichever has the name, when the answer to its creation was lost. */
  readonly uid: string | undefined;
}

export type Removal =
  | { readonly kind: 'gone' }
  /** It is being deleted, but something is not restored yet. */
  | { readonly kind: 'pending' }
  /** It could not even be marked for deletion. */
  | { readonly kind: 'failed'; readonly message: string };

export interface RemovalOptions {
  /** How long to try, and to wait. */
  readonly milliseconds: number;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
  /** Called once when the API server has accepted the deletion. */
  readonly onDeleting?: () => void;
}

const PAUSE = 500;

/**
 * Deletes an experiment and awaits its disappearance: the operator's finalizer keeps it until everything is restored. An API
 * server that is away is asked again until the time is over. Never throws.
 */
export async function remove(
  { api }: Pick<Connection, 'api'>,
  target: Target,
  { milliseconds, signal, onDeleting = () => {} }: RemovalOptions,
): Promise<Removal> {
  const path = experimentPath(target.namespace, target.name);
  const end = performance.now() + milliseconds;
  let accepted = false;
  let message = '';
  while (performance.now() < end && signal?.aborted !== true) {
    try {
      if (!accepted) {
        const preconditions = target.uid === undefined ? {} : { preconditions: { uid: target.uid } };
        await api.request({
          method: 'DELETE',
          path,
          body: { apiVersion: 'v1', kind: 'DeleteOptions', ...preconditions },
        });
        accepted = true;
        onDeleting();
      }
      if (!(await isThere(api, path, target.uid))) return { kind: 'gone' };
    } catch (error) {
      if (isGone(error)) return { kind: 'gone' };
      message = error instanceof Error ? error.message : String(error);
      if (!(error instanceof ClusterError) || error.kind === 'Forbidden' || error.kind === 'Invalid') break;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
  return accepted ? { kind: 'pending' } : { kind: 'failed', message };
}

async function isThere(api: Connection['api'], path: string, uid: string | undefined): Promise<boolean> {
  const object = await api.request({ method: 'GET', path });
  const metadata = isRecord(object) && isRecord(object.metadata) ? object.metadata : {};
  return uid === undefined || metadata.uid === uid;
}

/** Not there, or another one of its name (the precondition on the uid answers 409). */
function isGone(error: unknown): boolean {
  return error instanceof ApiError && (error.kind === 'NotFound' || error.kind === 'Conflict');
}
