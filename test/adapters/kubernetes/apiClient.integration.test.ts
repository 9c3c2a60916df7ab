import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type ApiClient, type ApiClientOptions, createApiClient } from '../../../src/adapters/kubernetes/apiClient.ts';
import { listAll } from '../../../src/adapters/kubernetes/listAll.ts';
import { ExperimentOperator } from '../../../src/adapters/kubernetes/operator.ts';
import { systemClock } from '../../../src/adapters/systemClock.ts';
import { ClusterError } from '../../../src/engine/ports/cluster.ts';
import { testCluster, testNamespace } from '../../support/apiServer.ts';
import { experiment } from '../../support/experiments.ts';
import { connectTo } from '../../support/kubernetes.ts';
import { createMemoryLog } from '../../support/memoryLog.ts';

const signal = new AbortController().signal;

/** A client of something that is not, or not only, an API server. */
async function clientOf(
  listener: RequestListener,
  guardWrite?: () => AbortSignal,
  log = createMemoryLog(),
  observe?: ApiClientOptions['observe'],
): Promise<ApiClient> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const kubeConfig = new KubeConfig();
  // A base path, as of a cluster behind a management gateway.
  const url = `http://127.0.0.1:${address.port}/k8s/clusters/c1/`;
  kubeConfig.loadFromClusterAndUser({ name: 'c', server: url, skipTLSVerify: true }, { name: 'u', token: 'token-1' });
  const api = createApiClient({
    ...{ kubeConfig, log },
    ...(guardWrite !== undefined && { guardWrite }),
    ...(observe !== undefined && { observe }),
  });
  onTestFinished(() => {
    api.close();
    server.closeAllConnections();
    server.close();
  });
  return api;
}

it('tells who observes of every request that is begun, and once how it ended', async () => {
  const told: string[] = [];
  const observe: ApiClientOptions['observe'] = ({ method, path }) => {
    let ends = 0;
    return ({ code, error }) => {
      ends += 1;
      told.push(`${method} ${path} ${code} ${error === undefined ? '' : error.constructor.name} ${ends}`);
    };
  };
  const listener: RequestListener = ({ url = '' }, response) => {
    if (url.endsWith('/cut')) response.destroy();
    else if (url.endsWith('/lines')) response.end('{"a":1}\n{"a":2}\n');
    else response.writeHead(url.endsWith('/refused') ? 403 : 201).end('{}');
  };
  const api = await clientOf(listener, undefined, createMemoryLog(), observe);
  await api.request({ method: 'POST', path: '/done', body: {} });
  await api.request({ method: 'GET', path: '/refused' }).catch(() => {});
  await api.request({ method: 'PATCH', path: '/cut', body: {} }).catch(() => {});
  for await (const _ of api.lines({ method: 'GET', path: '/lines', signal })) {
    // Its head has come.
    expect(told.at(-1)).toBe('GET /lines 200  1');
  }
  await api
    .lines({ method: 'GET', path: '/refused', signal })
    .next()
    .catch(() => {});
  expect(told).toEqual([
    'POST /done 201  1',
    'GET /refused 403 ApiError 1',
    'PATCH /cut undefined Error 1',
    'GET /lines 200  1',
    'GET /refused 403 ApiError 1',
  ]);
});

describe('what is not an API server, or is in front of one', () => {
  it('is asked below its base path, as the user of the kubeconfig', async () => {
    const api = await clientOf((request, response) => {
      response.end(JSON.stringify({ url: request.url, authorization: request.headers.authorization }));
    });
    const answer = await api.request({ method: 'GET', path: '/api/v1/pods', query: { limit: '5' } });
    expect(answer).toEqual({ url: '/k8s/clusters/c1/api/v1/pods?limit=5', authorization: 'Bearer token-1' });
  });

  it('is believed when it asks to wait', async () => {
    const api = await clientOf((_, response) => {
      response.writeHead(429, { 'Retry-After': '7' }).end(JSON.stringify({ kind: 'Status', message: 'too many' }));
    });
    const promise = api.request({ method: 'GET', path: '/x' });
    await expect(promise).rejects.toMatchObject({ kind: 'Unavailable', retryAfterSeconds: 7, message: /too many/ });
  });

  it('is Unavailable when it answers with a page', async () => {
    const api = await clientOf((request, response) => {
      response.writeHead(request.url?.endsWith('/login') ? 200 : 502).end('<html>hello</html>');
    });
    const refused = api.request({ method: 'GET', path: '/x' });
    await expect(refused).rejects.toMatchObject({ kind: 'Unavailable', message: 'GET /x: 502 <html>hello</html>' });
    const login = api.request({ method: 'GET', path: '/login' });
    await expect(login).rejects.toMatchObject({ kind: 'Unavailable', message: /not JSON/ });
  });

  it('is told in the log at level debug, each by itself, when several fail at once', async () => {
    const log = createMemoryLog();
    const api = await clientOf(
      (request, response) => {
        response.writeHead(500).end(JSON.stringify({ kind: 'Status', message: `no ${request.url?.slice(-1)}` }));
      },
      undefined,
      log,
    );
    const both = Promise.all(['/a', '/b'].map((path) => api.request({ method: 'GET', path })));
    await expect(both).rejects.toMatchObject({ kind: 'Unavailable' });
    const told = ['/a', '/b'].map((path) => `debug: request failed: GET ${path}: 500 no ${path.slice(-1)}`);
    await vi.waitFor(() => expect([...log.lines].sort()).toEqual(told));
  });

  it('is Unavailable when it breaks off in an answer', async () => {
    const api = await clientOf((_, response) => {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('{"a":', () => response.destroy());
    });
    await expect(api.request({ method: 'GET', path: '/x' })).rejects.toMatchObject({ kind: 'Unavailable' });
  });

  it('has its lines put together from pieces that break anywhere, and a broken stream is an error', async () => {
    const bytes = Buffer.from('{"name":"ä€😀"}\n{"b":2}\n\n{"c"');
    const api = await clientOf((_, response) => {
      const send = (at: number): void => {
        if (at < bytes.length) response.write(bytes.subarray(at, at + 1), () => send(at + 1));
        else response.destroy();
      };
      send(0);
    });
    const lines: string[] = [];
    const read = async () => {
      for await (const line of api.lines({ method: 'GET', path: '/x', signal })) lines.push(line);
    };
    await expect(read()).rejects.toMatchObject({ kind: 'Unavailable' });
    expect(lines).toEqual(['{"name":"ä€😀"}', '{"b":2}', '']);
  });

  it('is asked no longer when the caller gives up', async () => {
    const closed = Promise.withResolvers<void>();
    const controller = new AbortController();
    const api = await clientOf((_, response) => {
      response.on('close', () => closed.resolve());
      controller.abort(new Error('enough'));
    });
    const promise = api.request({ method: 'GET', path: '/x', signal: controller.signal });
    await expect(promise).rejects.toThrow('enough');
    await closed.promise;
  });
});

describe('pages', () => {
  it('of a real list add up', async () => {
    const { api } = connectTo(testCluster().kubeconfig);
    const namespace = await testNamespace();
    const path = `/apis/mirroring.dev/v1alpha1/namespaces/${namespace}/mirrorexperiments`;
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) await api.request({ method: 'POST', path, body: experiment(name) });
    const list = await listAll(api, path, signal, 2);
    expect(list.items.map((item) => item.metadata.name)).toEqual(names);
    expect(list).toEqual(await listAll(api, path, signal));
    api.close();
  });
});

describe('a token in a file', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is read again, so that one that has expired and was replaced lets the operator go on', async () => {
    const admin = connectTo(testCluster().kubeconfig);
    const namespace = await testNamespace();
    await allow(admin.api, namespace);
    const directory = await mkdtemp(join(tmpdir(), 'token-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const tokenFile = join(directory, 'token');
    await writeFile(tokenFile, 'eyJhbGciOiJSUzI1NiJ9.e30.expired');

    // As client-node makes it in a pod.
    const { name, server, caData, skipTLSVerify } = admin.kubeConfig.getCurrentCluster() ?? { name: '', server: '' };
    const kubeConfig = new KubeConfig();
    const cluster = { name, server, skipTLSVerify: skipTLSVerify ?? false, ...(caData && { caData }) };
    kubeConfig.loadFromClusterAndUser(cluster, {
      name: 'pod',
      authProvider: { name: 'tokenFile', config: { tokenFile } },
    });
    const log = createMemoryLog();
    const api = createApiClient({ kubeConfig, log });
    const timing = {
      watchSeconds: 1,
      slackMilliseconds: 500,
      relistMilliseconds: 600_000,
      backoff: { baseMilliseconds: 50, capMilliseconds: 200 },
    };
    const onChange = () => {};
    const operator = new ExperimentOperator({ kubeConfig, api, log, namespace, onChange, timing, clock: systemClock });
    onTestFinished(async () => {
      await operator.stop();
      api.close();
    });
    await operator.start();
    await vi.waitFor(() => expect(log.lines.join()).toMatch(/401/), { timeout: 5000 });
    expect(operator.synced()).toBe(false);

    await writeFile(tokenFile, await tokenOf(admin.api, namespace));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    await vi.waitFor(() => expect(operator.synced()).toBe(true), { timeout: 5000 });
    expect(log.lines.join()).not.toContain('eyJ');

    // A file that cannot be read is a failure like any other.
    await rm(tokenFile);
    vi.setSystemTime(Date.now() + 61_000);
    await vi.waitFor(() => expect(log.lines.join()).toMatch(/ENOENT/), { timeout: 5000 });
    await writeFile(tokenFile, await tokenOf(admin.api, namespace));
    const path = `/apis/mirroring.dev/v1alpha1/namespaces/${namespace}/mirrorexperiments`;
    await admin.api.request({ method: 'POST', path, body: experiment('one') });
    await vi.waitFor(() => expect(operator.list()).toHaveLength(1), { timeout: 5000 });
    admin.api.close();
  });
});

async function allow(api: ApiClient, namespace: string): Promise<void> {
  const metadata = { name: 'operator', namespace };
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  const apiGroup = 'rbac.authorization.k8s.io';
  const rules = [{ apiGroups: ['mirroring.dev'], resources: ['mirrorexperiments'], verbs: ['list', 'watch'] }];
  await api.request({ method: 'POST', path: `/api/v1/namespaces/${namespace}/serviceaccounts`, body: { metadata } });
  await api.request({ method: 'POST', path: `${rbac}/roles`, body: { metadata, rules } });
  const subjects = [{ kind: 'ServiceAccount', name: 'operator', namespace }];
  const roleRef = { apiGroup, kind: 'Role', name: 'operator' };
  await api.request({ method: 'POST', path: `${rbac}/rolebindings`, body: { metadata, subjects, roleRef } });
}

async function tokenOf(api: ApiClient, namespace: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/operator/token`;
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 600 } };
  const answer = (await api.request({ method: 'POST', path, body })) as { status: { token: string } };
  return answer.status.token;
}

describe('a guard of writes', () => {
  const refusal = new ClusterError('Unavailable', 'not now');
  const write = { method: 'PATCH', path: '/x', body: {} } as const;

  it('keeps every write back and lets reads pass', async () => {
    const served: (string | undefined)[] = [];
    const api = await clientOf(
      (request, response) => {
        served.push(request.method);
        response.end('{}');
      },
      () => {
        throw refusal;
      },
    );
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const)
      await expect(api.request({ ...write, method })).rejects.toBe(refusal);
    await api.request({ method: 'GET', path: '/x' });
    expect(served).toEqual(['GET']);
  });

  it.each([
    ['new', false],
    ['kept', true],
  ])('is asked again when a %s connection stands, before the first byte', async (_, isKept) => {
    let asked = 0;
    let refuseAt = Number.POSITIVE_INFINITY;
    const served: (string | undefined)[] = [];
    const api = await clientOf(
      (request, response) => {
        served.push(request.method);
        response.end('{}');
      },
      () => {
        asked += 1;
        if (asked >= refuseAt) throw refusal;
        return signal;
      },
    );
    if (isKept) await api.request(write);
    const before = served.length;
    refuseAt = asked + 2;
    await expect(api.request(write)).rejects.toBe(refusal);
    await api.request({ method: 'GET', path: '/x' });
    expect(served.slice(before)).toEqual(['GET']);
  });

  it('gives up a write that is under way', async () => {
    const term = new AbortController();
    const closed = Promise.withResolvers<void>();
    const api = await clientOf(
      (request) => {
        request.on('close', () => closed.resolve());
        term.abort(refusal);
      },
      () => term.signal,
    );
    await expect(api.request(write)).rejects.toBe(refusal);
    await closed.promise;
  });
});
