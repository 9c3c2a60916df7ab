import { ApiError } from '../adapters/kubernetes/apiError.ts';
import { type Connection, experimentPath, requestError } from './connect.ts';
import { readExperiment, type SeenExperiment } from './experimentResult.ts';

/** The experiment of this name; undefined: there is none. Throws when that cannot be told. */
export async function findExperiment(
  { api }: Pick<Connection, 'api'>,
  namespace: string,
  name: string,
): Promise<SeenExperiment | undefined> {
  try {
    return readExperiment(await api.request({ method: 'GET', path: experimentPath(namespace, name) }));
  } catch (error) {
    if (error instanceof ApiError && error.kind === 'NotFound' && !/could not find the requested/.test(error.message)) {
      return undefined;
    }
    throw requestError(error, namespace, name);
  }
}
