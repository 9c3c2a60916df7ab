import { expect, it } from 'vitest';
import { listPods } from '../../../src/adapters/kubernetes/listPods.ts';

type Request = Parameters<Parameters<typeof listPods>[0]['request']>[0];

const item = (name: string) => ({ metadata: { name, namespace: 'shop', uid: `uid-${name}`, resourceVersion: '1' } });

/** An API server that has so many pages of one pod each. */
function server(pages: number) {
  const requests: Request[] = [];
  const request = async (each: Request) => {
    requests.push(each);
    const metadata = { resourceVersion: '1', ...(requests.length < pages && { continue: `page-${requests.length}` }) };
    return { kind: 'PodList', metadata, items: [item(`pod-${requests.length}`)] };
  };
  return { request, requests };
}

it('reads the selected pods page by page, and gives each its kind', async () => {
  const api = server(3);
  const pods = await listPods(api, 'shop', 'app=books,tier in (a,b)');
  expect(pods.map(({ kind, apiVersion, metadata }) => [apiVersion, kind, metadata.name])).toEqual([
    ['v1', 'Pod', 'pod-1'],
    ['v1', 'Pod', 'pod-2'],
    ['v1', 'Pod', 'pod-3'],
  ]);
  expect(api.requests.map(({ path, query }) => [path, query?.labelSelector, query?.limit, query?.continue])).toEqual([
    ['/api/v1/namespaces/shop/pods', 'app=books,tier in (a,b)', '100', undefined],
    ['/api/v1/namespaces/shop/pods', 'app=books,tier in (a,b)', '100', 'page-1'],
    ['/api/v1/namespaces/shop/pods', 'app=books,tier in (a,b)', '100', 'page-2'],
  ]);
});

it('stops after five pages, however many there are', async () => {
  const api = server(1000);
  expect(await listPods(api, 'shop', 'app=books')).toHaveLength(5);
  expect(api.requests).toHaveLength(5);
});

it.each([
  ['no list', {}],
  ['a list of something else', { items: [null] }],
])('refuses an answer that is %s', async (_, answer) => {
  await expect(listPods({ request: async () => answer }, 'shop', 'app=books')).rejects.toMatchObject({
    kind: 'Unavailable',
  });
});
