import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provide } from './cache.mjs';
import { goBuild } from './go.mjs';
import { kubernetesLocation } from './locations.mjs';
import { SetupError } from './problem.mjs';
import { output } from './processes.mjs';
import { step } from './progress.mjs';
import { etcdVersion, kubernetesVersion } from './versions.mjs';

const downloader = fileURLToPath(new URL('downloadKubernetes.mjs', import.meta.url));
const node24 = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));

/** Provides etcd, kube-apiserver and kubectl. Returns what is there, for people. */
export async function provideKubernetes() {
  const { variable, directory } = kubernetesLocation();
  if (!variable) await provide(directory, 'Kubernetes', { isReady: (place) => versionsIn(place), fill });
  const versions = await versionsIn(directory);
  if (versions) return `${versions}${variable ? ` (${variable})` : ''}`;
  throw new SetupError(
    `${variable}=${directory} does not hold etcd, kube-apiserver and kubectl that run.\n` +
      `  Correct ${variable}, or unset it to have them downloaded or built.`,
  );
}

async function fill(directory) {
  const downloaded = await step(
    `Downloading kube-apiserver and etcd ${kubernetesVersion}`,
    '15 s',
    () => download(directory),
    (done, took) => (done ? `done in ${took}` : `not possible from here (${took})`),
  );
  if (!downloaded) await build(directory);
}

/** False when the network does not allow the download. */
async function download(directory) {
  const data = join(directory, 'download');
  const node = existsSync(node24) ? node24 : process.execPath;
  const done = await output(node, [downloader, kubernetesVersion, data], { timeout: 600_000 });
  if (done !== undefined) {
    const source = join(data, 'k8s', readdirSync(join(data, 'k8s'))[0]);
    for (const name of readdirSync(source)) renameSync(join(source, name), join(directory, name));
  }
  rmSync(data, { recursive: true, force: true });
  return done !== undefined;
}

async function build(directory) {
  const [major, minor] = kubernetesVersion.split('.');
  const stamp = Object.entries({ gitVersion: `v${kubernetesVersion}`, gitMajor: major, gitMinor: minor })
    .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
    .join(' ');
  const common = {
    directory,
    what: 'etcd and kube-apiserver, which could not be downloaded',
    instead: 'KUBEBUILDER_ASSETS may name a directory with etcd, kube-apiserver and kubectl',
  };
  await step(`Building etcd ${etcdVersion} from Go modules`, '1 min on 2 cores', () =>
    goBuild({ ...common, module: 'etcd', packages: ['.'] }),
  );
  const packages = ['k8s.io/kubernetes/cmd/kube-apiserver', 'k8s.io/kubernetes/cmd/kubectl'];
  await step(`Building kube-apiserver and kubectl ${kubernetesVersion} from Go modules`, '3 to 6 min on 2 cores', () =>
    goBuild({ ...common, module: 'kube', packages, linkerFlags: `-s -w ${stamp}` }),
  );
}

/** "Kubernetes 1.36.3, etcd 3.7.3" when all three programs run, else undefined. */
async function versionsIn(directory) {
  const [etcd, apiServer, kubectl] = await Promise.all([
    output(join(directory, 'etcd'), ['--version']),
    output(join(directory, 'kube-apiserver'), ['--version']),
    output(join(directory, 'kubectl'), ['version', '--client']),
  ]);
  const etcdFound = /etcd Version: (\S+)/.exec(etcd ?? '')?.[1];
  const kubernetesFound = /Kubernetes v(\S+)/.exec(apiServer ?? '')?.[1];
  const kubectlFound = /Client Version: v(\S+)/.exec(kubectl ?? '')?.[1];
  return etcdFound && kubernetesFound && kubectlFound ? `Kubernetes ${kubernetesFound}, etcd ${etcdFound}` : undefined;
}
