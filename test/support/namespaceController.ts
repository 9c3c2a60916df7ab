import { expect } from 'vitest';
import { kubectl } from './kubectl.ts';

/**
 * What the namespace controller, which is not here, does with a namespace that is deleted: empties it of what an
 * installation and its operator make there, and lets it go.
 */
export async function letNamespaceGo(kubeconfig: string, name: string): Promise<void> {
  const run = async (args: readonly string[], input?: string): Promise<string> => {
    const result = await kubectl(kubeconfig, args, input === undefined ? {} : { input });
    expect(result).toMatchObject({ code: 0 });
    return result.stdout;
  };
  const read = async () => JSON.parse(await run(['get', 'namespace', name, '-o', 'json']));
  await expect.poll(read, { timeout: 60_000 }).toMatchObject({ status: { phase: 'Terminating' } });
  const kinds =
    'leases,deployments,cronjobs,pods,services,networkpolicies,pdb,roles,rolebindings,serviceaccounts,secrets,events';
  await run(['delete', kinds, '--all', '-n', name, '--wait=false']);
  const finalized = JSON.stringify({ ...(await read()), spec: { finalizers: [] } });
  await run(['replace', '--raw', `/api/v1/namespaces/${name}/finalize`, '-f', '-'], finalized);
}
