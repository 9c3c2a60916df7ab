import { KubeConfig, Watch } from '@kubernetes/client-node';
import { journalAnnotation } from '../src/api/names.ts';
import { isRecord, recordAt, stringAt } from '../src/core/kubernetes/fields.ts';

/** Every version of the patched objects, as the API server tells them while the demo runs. */
export interface History {
  /**
   * True when the experiment has patched each of the objects that it names and each was, in the version in which the
   * experiment's journal was gone again, what it had been before: data, spec, labels and annotations.
   */
  isRestored(experimentUid: string): boolean;
  close(): void;
}

const PATHS = {
  ConfigMap: (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`,
  Deployment: (namespace: string) => `/apis/apps/v1/namespaces/${namespace}/deployments`,
};

export async function recordHistory(
  kubeconfig: string,
  namespace: string,
  objects: readonly { kind: keyof typeof PATHS; name: string }[],
): Promise<History> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const followed = await Promise.all(objects.map(({ kind, name }) => follow(config, PATHS[kind](namespace), name)));
  return {
    isRestored: (uid) => followed.every(({ versions }) => wasRestored(versions, uid)),
    close: () => {
      for (const { close } of followed) close();
    },
  };
}

const REVISION = 'deployment.kubernetes.io/revision';

interface Version {
  /** uid of the experiment whose journal the object carried. */
  readonly owner: string | undefined;
  /** What people and other controllers wrote. */
  readonly content: string;
}

/** Watches one object; a watch that ends goes on behind the last version, so that none is missed. */
async function follow(
  config: KubeConfig,
  path: string,
  name: string,
): Promise<{ versions: Version[]; close: () => void }> {
  const versions: Version[] = [];
  let resourceVersion: string | undefined;
  let closed = false;
  let current: AbortController | undefined;
  const watch = async (): Promise<void> => {
    const query = { fieldSelector: `metadata.name=${name}`, ...(resourceVersion !== undefined && { resourceVersion }) };
    const receive = (_: string, object: unknown) => {
      resourceVersion = stringAt(recordAt(object, 'metadata'), 'resourceVersion');
      versions.push(versionOf(object));
    };
    current = await new Watch(config).watch(path, query, receive, () => {
      // It ends by itself after some silence. A watch that cannot be begun again is an error of the demo.
      if (!closed) void watch();
    });
  };
  await watch();
  return {
    versions,
    close: () => {
      closed = true;
      current?.abort();
    },
  };
}

function wasRestored(versions: readonly Version[], uid: string): boolean {
  const first = versions.findIndex(({ owner }) => owner === uid);
  const last = versions.findLastIndex(({ owner }) => owner === uid);
  const before = versions[first - 1];
  const after = versions[last + 1];
  return before !== undefined && after !== undefined && before.content === after.content;
}

function versionOf(object: unknown): Version {
  const metadata = recordAt(object, 'metadata') ?? {};
  // The revision is the Deployment controller's own count of pod templates.
  const { [REVISION]: _, ...annotations } = recordAt(metadata, 'annotations') ?? {};
  const journal = stringAt(annotations, journalAnnotation);
  const { data, spec } = isRecord(object) ? object : {};
  return {
    owner: journal === undefined ? undefined : ownerOf(journal),
    content: JSON.stringify({ data, spec, labels: metadata.labels, annotations }),
  };
}

function ownerOf(journal: string): string | undefined {
  return stringAt(recordAt(JSON.parse(journal), 'owner'), 'uid');
}
