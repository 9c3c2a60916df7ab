import { describe, expect, it, onTestFinished } from 'vitest';
import type { ApiClient, LinesRequest } from '../../../src/adapters/kubernetes/apiClient.ts';
import { watchCluster } from '../../../src/adapters/kubernetes/watchCluster.ts';
import { ClusterError } from '../../../src/engine/ports/cluster.ts';
import { createFakeClock, settle } from '../../support/fakeClock.ts';
import { MemoryCluster } from '../../support/memoryCluster.ts';
import { createMemoryLog } from '../../support/memoryLog.ts';

const REF = { kind: 'ConfigMap', namespace: 'shop', name: 'sidecar' } as const;
const PATHS = { configMaps: '/api/v1/configmaps', pods: '/api/v1/pods' };

/** An API server of which the test plays the watches, over a cluster in memory whose reads are counted. */
function setUp() {
  const clock = createFakeClock(() => 1);
  const memory = new MemoryCluster();
  const watches = new Map<string, { request: LinesRequest; next: PromiseWithResolvers<string | Error> }>();
  const api: ApiClient = {
    request: async () => {
      throw new Error('nothing is listed');
    },
    async *lines(request) {
      const watch = { request, next: Promise.withResolvers<string | Error>() };
      watches.set(request.path, watch);
      request.signal.addEventListener('abort', () => watch.next.reject(request.signal.reason));
      for (;;) {
        const next = await watch.next.promise;
        watch.next = Promise.withResolvers();
        if (next instanceof Error) throw next;
        yield next;
      }
    },
    close: () => {},
  };
  const reads: string[] = [];
  const cluster = {
    read: async (ref: Parameters<MemoryCluster['read']>[0]) => {
      reads.push(`${ref.kind}/${ref.name}`);
      return memory.read(ref);
    },
    listPods: async (namespace: string, selector: string) => {
      reads.push(`Pods/${selector}`);
      return memory.listPods(namespace, selector);
    },
    patch: memory.patch.bind(memory),
    createConfigMap: memory.createConfigMap.bind(memory),
    writeStatus: memory.writeStatus.bind(memory),
    recordEvent: memory.recordEvent.bind(memory),
  };
  const changes: string[] = [];
  const experiments = { copy: memory.get('MirrorExperiment', 'shop', 'x'), following: true };
  const watched = watchCluster({
    ...{ api, clock, log: createMemoryLog(), cluster },
    onChange: ({ kind, name }) => changes.push(`${kind}/${name}`),
    experiments: { get: () => experiments.copy, isFollowing: () => experiments.following },
  });
  onTestFinished(() => watched.stop());
  const open = async (path: string = PATHS.configMaps) => {
    watches.get(path)?.request.onOpen?.();
    await settle();
  };
  const send = async (path: string, next: object | Error) => {
    watches.get(path)?.next.resolve(next instanceof Error ? next : JSON.stringify(next));
    await settle();
  };
  /** What the metadata watch tells of an object as it is now. */
  const tell = async (type: string, kind: 'ConfigMap' | 'Pod', name: string, resourceVersion?: string) => {
    const { metadata } = memory.get(kind, 'shop', name) ?? { metadata: { name, namespace: 'shop', uid: 'u' } };
    const object = {
      ...{ apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata' },
      metadata: { ...metadata, ...(resourceVersion !== undefined && { resourceVersion }) },
    };
    await send(kind === 'Pod' ? PATHS.pods : PATHS.configMaps, { type, object });
  };
  return { ...watched, clock, memory, reads, changes, watches, experiments, open, send, tell };
}

function putConfigMap(memory: MemoryCluster, value = 'one'): void {
  const metadata = { name: 'sidecar', namespace: 'shop', annotations: { team: 'books' }, managedFields: [] };
  memory.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { value } });
}

/** Read once while the watch is open. */
async function setUpKnown() {
  const stage = setUp();
  putConfigMap(stage.memory, 'zero');
  putConfigMap(stage.memory);
  await stage.known.read(REF);
  await stage.open();
  await stage.known.read(REF);
  stage.reads.length = 0;
  return stage;
}

describe('an object', () => {
  it('is watched by its metadata alone, beginning with all that there is', async () => {
    const { known, watches } = setUp();
    await known.read(REF);
    expect(watches.get(PATHS.configMaps)?.request).toMatchObject({
      query: { watch: 'true', resourceVersion: '' },
      accept: expect.stringContaining('PartialObjectMetadata'),
    });
  });

  it('is read once, frozen, and without what only a write needs', async () => {
    const { known, reads } = await setUpKnown();
    const object = await known.read(REF);
    expect(reads).toEqual([]);
    expect(object).toMatchObject({ data: { value: 'one' }, metadata: { annotations: { team: 'books' } } });
    expect(object?.metadata).not.toHaveProperty('managedFields');
    expect(Object.isFrozen(object)).toBe(true);
  });

  it('is read each time before the watch has begun to tell', async () => {
    const { known, memory, reads } = setUp();
    putConfigMap(memory);
    await known.read(REF);
    await known.read(REF);
    expect(reads).toHaveLength(2);
  });

  it.each(['MODIFIED', 'DELETED'])('is read again when it is %s', async (type) => {
    const { known, memory, reads, changes, tell } = await setUpKnown();
    putConfigMap(memory, 'two');
    await tell(type, 'ConfigMap', 'sidecar');
    if (type === 'DELETED') memory.remove('ConfigMap', 'shop', 'sidecar');
    expect(changes).toEqual(['ConfigMap/sidecar']);
    expect((await known.read(REF))?.data).toEqual(type === 'DELETED' ? undefined : { value: 'two' });
    expect(reads).toHaveLength(1);
  });

  it('is not read again for what another one of its kind does, or for what is older', async () => {
    const { known, reads, changes, tell } = await setUpKnown();
    await tell('MODIFIED', 'ConfigMap', 'other', '99');
    await tell('ADDED', 'ConfigMap', 'sidecar', '1');
    await known.read(REF);
    expect(reads).toEqual([]);
    expect(changes).toEqual([]);
  });

  it('is read again when it changed while it was read', async () => {
    const { known, memory, reads, tell } = await setUpKnown();
    await tell('MODIFIED', 'ConfigMap', 'sidecar', '5');
    const reading = known.read(REF);
    putConfigMap(memory, 'two');
    putConfigMap(memory, 'three');
    await tell('MODIFIED', 'ConfigMap', 'sidecar', '99');
    await reading;
    await known.read(REF);
    expect(reads).toHaveLength(2);
  });

  it('is known as our own write has left it, although the watch has not told of that', async () => {
    const { cluster, known, memory, reads } = await setUpKnown();
    const before = memory.get('ConfigMap', 'shop', 'sidecar');
    const operations = [{ op: 'replace', path: '/data/value', value: 'ours' }] as const;
    await cluster.patch(REF, before?.metadata.resourceVersion ?? '', operations);
    expect((await known.read(REF))?.data).toEqual({ value: 'ours' });
    expect(reads).toEqual([]);
  });

  it('is read again after our own write when somebody has written since', async () => {
    const { cluster, known, memory, reads, tell } = await setUpKnown();
    const before = memory.get('ConfigMap', 'shop', 'sidecar');
    const operations = [{ op: 'replace', path: '/data/value', value: 'ours' }] as const;
    await cluster.patch(REF, before?.metadata.resourceVersion ?? '', operations);
    putConfigMap(memory, 'theirs');
    await tell('MODIFIED', 'ConfigMap', 'sidecar');
    expect((await known.read(REF))?.data).toEqual({ value: 'theirs' });
    expect(reads).toHaveLength(1);
  });

  it('is read each time while the watch does not work, and not again when it goes on where it was', async () => {
    const { known, reads, clock, send, open } = await setUpKnown();
    await send(PATHS.configMaps, new ClusterError('Unavailable', 'cut'));
    await known.read(REF);
    expect(reads).toHaveLength(1);
    await clock.advance(1000);
    await open();
    await known.read(REF);
    await known.read(REF);
    expect(reads).toHaveLength(2);
  });

  it('has to be told again when the watch begins anew', async () => {
    const { known, reads, clock, send, open, tell } = await setUpKnown();
    const gone = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' };
    await send(PATHS.configMaps, { type: 'ERROR', object: gone });
    await clock.advance(1000);
    await open();
    await tell('ADDED', 'ConfigMap', 'sidecar');
    await known.read(REF);
    expect(reads).toEqual([]);
    await send(PATHS.configMaps, { type: 'ERROR', object: gone });
    await clock.advance(2000);
    await open();
    await known.read(REF);
    await known.read(REF);
    expect(reads).toHaveLength(1);
  });

  it('is read from the cluster itself by whoever wants it as it is now, and known from then on', async () => {
    const { cluster, known, memory, reads } = await setUpKnown();
    putConfigMap(memory, 'two');
    expect((await cluster.read(REF))?.data).toEqual({ value: 'two' });
    expect((await known.read(REF))?.data).toEqual({ value: 'two' });
    expect(reads).toHaveLength(1);
  });

  it('is read from the cluster when the watches are stopped, and no watch is begun any more', async () => {
    const { known, cluster, memory, reads, watches, stop } = setUp();
    putConfigMap(memory);
    await stop();
    expect(await known.read(REF)).toMatchObject({ data: { value: 'one' } });
    expect(await cluster.read(REF)).toMatchObject({ data: { value: 'one' } });
    expect(await known.listPods('shop', 'app=x')).toEqual([]);
    expect(reads).toEqual(['ConfigMap/sidecar', 'ConfigMap/sidecar', 'Pods/app=x']);
    expect(watches.size).toBe(0);
  });

  it('that nobody asks for is forgotten', async () => {
    const { known, reads, clock } = await setUpKnown();
    await clock.advance(16 * 60_000);
    await known.read({ ...REF, name: 'other' });
    reads.length = 0;
    await known.read(REF);
    expect(reads).toHaveLength(1);
  });
});

describe('pods', () => {
  const put = (memory: MemoryCluster, name: string, labels: Record<string, string>) =>
    memory.put({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'shop', labels } });

  async function setUpPods() {
    const stage = setUp();
    put(stage.memory, 'candidate-1', { app: 'candidate' });
    await stage.known.listPods('shop', 'app=candidate');
    await stage.open(PATHS.pods);
    await stage.known.listPods('shop', 'app=candidate');
    stage.reads.length = 0;
    return stage;
  }

  it('are listed once', async () => {
    const { known, reads } = await setUpPods();
    expect(await known.listPods('shop', 'app=candidate')).toHaveLength(1);
    expect(reads).toEqual([]);
    await known.listPods('shop', 'app=other');
    expect(reads).toEqual(['Pods/app=other']);
  });

  it('are listed again when one of them changes, comes or leaves the selection, and for no other', async () => {
    const { known, memory, reads, tell } = await setUpPods();
    put(memory, 'another', { app: 'another' });
    await tell('ADDED', 'Pod', 'another');
    await known.listPods('shop', 'app=candidate');
    expect(reads).toEqual([]);
    for (const [labels, count] of [
      [{ app: 'candidate', more: 'yes' }, 1],
      [{ app: 'relabelled' }, 0],
      [{ app: 'candidate' }, 1],
    ] as const) {
      reads.length = 0;
      put(memory, 'candidate-1', labels);
      await tell('MODIFIED', 'Pod', 'candidate-1');
      expect(await known.listPods('shop', 'app=candidate')).toHaveLength(count);
      await known.listPods('shop', 'app=candidate');
      expect(reads).toHaveLength(1);
    }
  });
});

describe('an experiment', () => {
  const ref = { kind: 'MirrorExperiment', namespace: 'shop', name: 'x' } as const;

  function setUpExperiment() {
    const stage = setUp();
    stage.memory.put({ apiVersion: 'mirroring.dev/v1alpha1', kind: 'MirrorExperiment', metadata: { ...ref } });
    stage.experiments.copy = stage.memory.get('MirrorExperiment', 'shop', 'x');
    return stage;
  }

  it('is the copy, and read while that does not follow', async () => {
    const { known, reads, experiments } = setUpExperiment();
    expect(await known.read(ref)).toBe(experiments.copy);
    expect(reads).toEqual([]);
    experiments.following = false;
    await known.read(ref);
    expect(reads).toEqual(['MirrorExperiment/x']);
  });

  it('is as our own write has left it until the copy has caught up', async () => {
    const { cluster, known, memory, experiments } = setUpExperiment();
    const { metadata } = experiments.copy ?? { metadata: { uid: '', resourceVersion: '' } };
    const written = await cluster.writeStatus({ ...ref, uid: metadata.uid }, metadata.resourceVersion, { percent: 5 });
    expect(await known.read(ref)).toEqual(written);
    memory.edit('MirrorExperiment', 'shop', 'x', (object) => {
      object.spec = { changed: true };
    });
    experiments.copy = memory.get('MirrorExperiment', 'shop', 'x');
    expect(await known.read(ref)).toMatchObject({ spec: { changed: true } });
    experiments.copy = undefined;
    expect(await known.read(ref)).toBeUndefined();
  });
});
