import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provide } from './cache.mjs';
import { kubernetesLocation } from './locations.mjs';
import { SetupError } from './problem.mjs';
import { output, run } from './processes.mjs';
import { step } from './progress.mjs';
import { etcdVersion, kubernetesVersion } from './versions.mjs';

const goModules = fileURLToPath(new URL('../go/', import.meta.url));
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
  const go = await findGo();
  const [major, minor] = kubernetesVersion.split('.');
  const stamp = Object.entries({ gitVersion: `v${kubernetesVersion}`, gitMajor: major, gitMinor: minor })
    .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
    .join(' ');
  const goBuild = (module, packages, linkerFlags) =>
    run(
      go,
      ['build', '-trimpath', '-buildvcs=false', '-mod=readonly', '-ldflags', linkerFlags, '-o', directory, ...packages],
      {
        name: `build-${module}`,
        cwd: join(goModules, module),
        // Without cgo no C compiler is needed, and the programs run on any distribution.
        env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
        remedy:
          'It needs Go 1.26 or newer (an older one fetches it, unless GOTOOLCHAIN=local), the Go module proxy and 4 GB of disk.\n' +
          '  Instead, KUBEBUILDER_ASSETS may name a directory with etcd, kube-apiserver and kubectl.',
      },
    );
  await step(`Building etcd ${etcdVersion} from Go modules`, '1 min on 2 cores', () => goBuild('etcd', ['.'], '-s -w'));
  const programs = ['k8s.io/kubernetes/cmd/kube-apiserver', 'k8s.io/kubernetes/cmd/kubectl'];
  await step(`Building kube-apiserver and kubectl ${kubernetesVersion} from Go modules`, '3 to 6 min on 2 cores', () =>
    goBuild('kube', programs, `-s -w ${stamp}`),
  );
}

async function findGo() {
  const candidates = ['go', '/usr/local/go/bin/go'];
  for (const go of candidates) {
    const version = /go version go1\.(\d+)/.exec((await output(go, ['version'])) ?? '')?.[1];
    // From 1.21 on, Go fetches the toolchain that a module asks for.
    if (version !== undefined && Number(version) >= 21) return go;
  }
  throw new SetupError(
    'etcd and kube-apiserver could not be downloaded, and there is no Go 1.21 or newer to build them.\n' +
      '  Install Go (1.26 or newer, or one that may fetch it), or set KUBEBUILDER_ASSETS to a directory with etcd,\n' +
      '  kube-apiserver and kubectl.',
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
