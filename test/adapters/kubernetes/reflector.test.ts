import { expect, it, onTestFinished } from 'vitest';
import type { ApiClient, ApiRequest } from '../../../src/adapters/kubernetes/apiClient.ts';
import { ApiError } from '../../../src/adapters/kubernetes/apiError.ts';
import { startReflector } from '../../../src/adapters/kubernetes/reflector.ts';
import type { WatchTiming } from '../../../src/adapters/kubernetes/watch.ts';
import { createFakeClock, settle } from '../../support/fakeClock.ts';
import { createMemoryLog } from '../../support/memoryLog.ts';

const timing: WatchTiming = {
  watchSeconds: 20,
  slackMilliseconds: 10_000,
  relistMilliseconds: 60_000,
  backoff: { baseMilliseconds: 1000, capMilliseconds: 8000 },
};

function object(name: string, resourceVersion: string, uid = name) {
  const metadata = { name, namespace: 'ns', uid, resourceVersion };
  return { apiVersion: 'mirroring.dev/v1alpha1', kind: 'MirrorExperiment', metadata };
}

function listOf(resourceVersion: string, ...items: unknown[]) {
  return { metadata: { resourceVersion }, items };
}

/** An API server of which the test plays both ends: what a list answers, and every line of a watch. */
function setUp(list: unknown) {
  const clock = createFakeClock(() => 1);
  const log = createMemoryLog();
  const changes: string[] = [];
  const watchedFrom: (string | undefined)[] = [];
  const answer = { list, lists: 0 };
  let watch = Promise.withResolvers<string | Error | undefined>();
  const api: ApiClient = {
    request: async () => {
      answer.lists += 1;
      if (answer.list instanceof Error) throw answer.list;
      return structuredClone(answer.list);
    },
    async *lines({ query, signal }: ApiRequest & { signal: AbortSignal }) {
      watchedFrom.push(query?.resourceVersion);
      signal.addEventListener('abort', () => watch.reject(signal.reason));
      for (;;) {
        const next = await watch.promise;
        watch = Promise.withResolvers();
        if (next === undefined) return;
        if (next instanceof Error) throw next;
        yield next;
      }
    },
    close: () => {},
  };
  const onEvent = (type: string, { metadata }: { metadata: { name: string; uid: string } }) => {
    changes.push(`${type} ${metadata.uid}`);
  };
  const reflector = startReflector({ api, path: '/path', clock, log, onEvent, timing });
  onTestFinished(() => reflector.stop());
  /** An event, a raw line, an error that breaks the watch, or undefined: its end. */
  const send = async (next: object | string | Error | undefined) => {
    watch.resolve(
      next === undefined || next instanceof Error || typeof next === 'string' ? next : JSON.stringify(next),
    );
    await settle();
  };
  /** Ends a watch in its time. */
  const end = async () => {
    await clock.advance(timing.watchSeconds * 1000);
    await send(undefined);
  };
  return { clock, log, changes, watchedFrom, answer, reflector, send, end };
}

it('takes a watch up where the last event or bookmark was', async () => {
  const { watchedFrom, send, end, changes, answer } = setUp(listOf('5', object('a', '3')));
  await settle();
  await send({ type: 'MODIFIED', object: object('a', '7') });
  await end();
  await send({ type: 'BOOKMARK', object: { kind: 'MirrorExperiment', metadata: { resourceVersion: '9' } } });
  await end();
  expect(watchedFrom).toEqual(['5', '7', '9']);
  expect(changes).toEqual(['ADDED a', 'MODIFIED a']);
  expect(answer.lists).toBe(1);
});

it('lists again when an event says that the version is too old (410)', async () => {
  const { watchedFrom, send, clock, changes, answer, reflector } = setUp(
    listOf('5', object('a', '3'), object('b', '4')),
  );
  await settle();
  answer.list = listOf('20', object('b', '4'), object('c', '15'));
  await send({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } });
  await clock.advance(1000);
  expect(watchedFrom).toEqual(['5', '20']);
  expect(changes).toEqual(['ADDED a', 'ADDED b', 'DELETED a', 'ADDED c']);
  expect([...reflector.objects.keys()]).toEqual(['ns/b', 'ns/c']);
});

it('waits as long as a busy server asks, and then needs no new list', async () => {
  const { watchedFrom, send, clock, answer } = setUp(listOf('5'));
  await settle();
  await send(new ApiError('GET /path', 429, { message: 'too many requests' }, 5));
  await clock.advance(4999);
  expect(watchedFrom).toEqual(['5']);
  await clock.advance(1);
  expect(watchedFrom).toEqual(['5', '5']);
  expect(answer.lists).toBe(1);
});

it('lists again from time to time, which heals what was never sent', async () => {
  const { end, changes, answer } = setUp(listOf('5', object('a', '3')));
  await settle();
  answer.list = listOf('6', object('a', '4'));
  for (let i = 0; i < 2; i++) await end();
  expect(answer.lists).toBe(1);
  await end();
  expect(answer.lists).toBe(2);
  expect(changes).toEqual(['ADDED a', 'MODIFIED a']);
});

it('waits longer and longer while watches end at once, and not after one that lasted', async () => {
  const { send, clock, watchedFrom, end } = setUp(listOf('5'));
  await settle();
  for (const wait of [1000, 2000, 4000, 8000, 8000]) {
    await send(undefined);
    const before = watchedFrom.length;
    await clock.advance(wait - 1);
    expect(watchedFrom).toHaveLength(before);
    await clock.advance(1);
    expect(watchedFrom).toHaveLength(before + 1);
  }
  await end();
  expect(watchedFrom).toHaveLength(7);
  await send(undefined);
  await clock.advance(1000);
  expect(watchedFrom).toHaveLength(8);
});

it.each([
  ['half a line', '{"type":"ADDED","obj'],
  ['a page', '<html>'],
  ['no object', { type: 'ADDED' }],
  ['an object without a name', { type: 'ADDED', object: { apiVersion: 'v1', kind: 'X', metadata: {} } }],
])('takes the watch up again after an event that is %s', async (_, line) => {
  const { send, clock, watchedFrom, log, changes } = setUp(listOf('5'));
  await settle();
  await send(line);
  expect(log.lines).toHaveLength(1);
  await clock.advance(1000);
  expect(watchedFrom).toEqual(['5', '5']);
  await send({ type: 'ADDED', object: object('a', '6') });
  expect(changes).toEqual(['ADDED a']);
});

it('stops at once while it waits to try again, and leaves no timer', async () => {
  const { send, clock, reflector } = setUp(listOf('5'));
  await settle();
  await send(new Error('connection reset'));
  expect(clock.timers()).toBe(1);
  await reflector.stop();
  expect(clock.timers()).toBe(0);
});

it('has all of a list before it tells of any of it', async () => {
  const clock = createFakeClock();
  const seen: number[] = [];
  const list = listOf('5', object('a', '1'), object('b', '2'), object('c', '3'));
  const api: ApiClient = {
    request: async () => list,
    async *lines({ signal }) {
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      yield '';
    },
    close: () => {},
  };
  const onEvent = () => {
    seen.push(reflector.objects.size);
  };
  const reflector = startReflector({ api, path: '/path', clock, log: createMemoryLog(), onEvent, timing });
  await settle();
  expect(seen).toEqual([3, 3, 3]);
  await reflector.stop();
});
