import {
  type KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  makeInformer,
} from '@kubernetes/client-node';

export interface WatchedKind<T extends KubernetesObject> {
  /** What is known now. Dates are strings: objects come as the API server wrote them. */
  list(): readonly T[];
  get(name: string): T | undefined;
  stop(): Promise<void>;
}

const restartMilliseconds = { first: 100, most: 2000 };

/**
 * Watches the objects of one kind in a namespace. Returns when they are listed. Goes on after every error, an
 * API-server restart included; `onChange` is called for additions, changes and deletions, also for those missed meanwhile.
 */
export async function watchKind<T extends KubernetesObject>(
  kubeConfig: KubeConfig,
  namespace: string,
  path: string,
  list: () => Promise<KubernetesListObject<T>>,
  onChange: (object: T) => void,
): Promise<WatchedKind<T>> {
  const informer = makeInformer<T>(kubeConfig, path, list);
  let stopped = false;
  let wait = restartMilliseconds.first;
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const { promise: listed, resolve: hasListed } = Promise.withResolvers<void>();

  const start = () => {
    running = informer.start().then(() => {
      // An error was reported through the callback; the promise resolves all the same.
      if (timer === undefined) hasListed();
    });
  };
  informer.on('change', (object) => {
    wait = restartMilliseconds.first;
    onChange(object);
  });
  // The informer gives up on every error but 410 and its own timeout.
  informer.on('error', () => {
    if (stopped || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      start();
    }, wait);
    wait = Math.min(restartMilliseconds.most, wait * 2);
  });
  start();
  await listed;

  return {
    list: () => informer.list(namespace),
    get: (name) => informer.get(name, namespace),
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await informer.stop();
      // A connection that was being made when stop() was called is not known to it yet.
      await running;
      await informer.stop();
    },
  };
}
