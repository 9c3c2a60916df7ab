import { expect, it } from 'vitest';
import type { ApiRequest } from '../../../src/adapters/kubernetes/apiClient.ts';
import { ApiError } from '../../../src/adapters/kubernetes/apiError.ts';
import { listAll } from '../../../src/adapters/kubernetes/listAll.ts';

const signal = new AbortController().signal;

function object(name: string) {
  const metadata = { name, namespace: 'ns', uid: name, resourceVersion: '1' };
  return { apiVersion: 'mirroring.dev/v1alpha1', kind: 'MirrorExperiment', metadata };
}

it('starts over, without pages, when the version of the first page is forgotten before the last is read', async () => {
  const requests: ApiRequest['query'][] = [];
  const api = {
    request: async ({ query }: ApiRequest): Promise<unknown> => {
      requests.push(query);
      if (query?.continue !== undefined) throw new ApiError('GET', 410, { message: 'expired', reason: 'Expired' });
      if (query?.limit !== undefined)
        return { metadata: { resourceVersion: '5', continue: 'x' }, items: [object('a')] };
      return { metadata: { resourceVersion: '9' }, items: [object('b'), object('c')] };
    },
  };
  const list = await listAll(api, '/path', signal, 1);
  expect(list.resourceVersion).toBe('9');
  expect(list.items.map((item) => item.metadata.name)).toEqual(['b', 'c']);
  expect(requests).toEqual([{ limit: '1' }, { limit: '1', continue: 'x' }, {}]);
});

it.each([
  ['a text', 'hello'],
  ['an object', { kind: 'Status' }],
  ['a list without a version', { metadata: {}, items: [] }],
  ['a list of something else', { metadata: { resourceVersion: '1' }, items: [{}] }],
])('refuses %s', async (_, answer) => {
  await expect(listAll({ request: async () => answer }, '/path', signal)).rejects.toMatchObject({
    kind: 'Unavailable',
  });
});
