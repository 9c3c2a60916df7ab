import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ownNamespace } from '../../../src/adapters/kubernetes/ownNamespace.ts';
import { leaseNamespace } from '../../../src/leaderElection.ts';
import { readSettings } from '../../../src/settings.ts';

test.for([
  ['the mounted file first', 'from-file\n', { POD_NAMESPACE: 'from-env' }, 'from-file'],
  ['the environment without a file', undefined, { POD_NAMESPACE: 'from-env' }, 'from-env'],
  ['nothing outside of a pod', undefined, {}, undefined],
] as const)('the own namespace is %s', async ([, content, environment, expected]) => {
  const directory = await mkdtemp(join(tmpdir(), 'namespace-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = join(directory, 'namespace');
  if (content !== undefined) await writeFile(file, content);
  expect(await ownNamespace(environment, file)).toBe(expected);
});

test('a file that cannot be read is an error, not another namespace', async () => {
  await expect(ownNamespace({ POD_NAMESPACE: 'x' }, tmpdir())).rejects.toThrow('EISDIR');
});

test('the Lease is where the settings say, else in the own namespace, else the error says what to set', async () => {
  const environment = { POD_NAMESPACE: 'own' };
  expect(await leaseNamespace(readSettings([], { LEASE_NAMESPACE: 'set' }), environment)).toBe('set');
  expect(await leaseNamespace(readSettings([], {}), environment)).toBe('own');
  await expect(leaseNamespace(readSettings([], {}), {})).rejects.toThrow(
    /set LEASE_NAMESPACE, or LEADER_ELECTION=false/,
  );
});
