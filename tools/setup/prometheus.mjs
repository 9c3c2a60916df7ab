import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { provide } from './cache.mjs';
import { prometheusLocation } from './locations.mjs';
import { SetupError } from './problem.mjs';
import { output } from './processes.mjs';
import { step } from './progress.mjs';

/**
 * Provides Prometheus and promtool from the Debian or Ubuntu package `prometheus`, without installing it and without root.
 * Where there is no apt, or it does not get the package, set-up goes on: the tests that need them say that they are skipped.
 * Returns what is there, for people.
 */
export async function providePrometheus() {
  const { variable, directory, binaries } = prometheusLocation();
  if (!variable) {
    try {
      await provide(directory, 'Prometheus', { isReady: (place) => versionOf(join(place, 'promtool')), fill });
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      return `no Prometheus, so the tests of alerts with it are skipped (PROMETHEUS_DIRECTORY may name one): ${error.message}`;
    }
  }
  const version = await versionOf(binaries.promtool);
  if (version) return `Prometheus ${version}${variable ? ` (${variable})` : ''}`;
  throw new SetupError(
    `PROMETHEUS_DIRECTORY=${directory} holds no promtool that runs.\n  Correct it, or unset it to have one unpacked.`,
  );
}

function fill(directory) {
  if (process.platform !== 'linux') throw new SetupError('there is no package of it for this system');
  return step('Unpacking Prometheus from its Debian package', '5 to 30 s', async () => {
    const unpacked = join(directory, 'package');
    mkdirSync(unpacked);
    if (!(await download(unpacked)) && !(await downloadByOwnLists(unpacked))) {
      throw new SetupError('apt-get does not get the package "prometheus"');
    }
    const archive = readdirSync(unpacked).find((name) => name.endsWith('.deb'));
    const extracted = await output('dpkg-deb', ['--extract', join(unpacked, archive ?? ''), unpacked], {
      timeout: 60_000,
    });
    if (extracted === undefined) throw new SetupError('dpkg-deb does not unpack it');
    for (const name of ['prometheus', 'promtool'])
      renameSync(join(unpacked, 'usr', 'bin', name), join(directory, name));
    rmSync(unpacked, { recursive: true });
  });
}

/** True when the package is in the directory. */
async function download(cwd, options = []) {
  return (await output('apt-get', [...options, 'download', 'prometheus'], { cwd, timeout: 120_000 })) !== undefined;
}

/** A slim system has no lists of packages; they are fetched to the directory, not to the system. */
async function downloadByOwnLists(cwd) {
  for (const name of ['lists', 'cache']) mkdirSync(join(cwd, name, 'partial'), { recursive: true });
  const options = [
    ...['-o', `Dir::State::lists=${join(cwd, 'lists')}`, '-o', `Dir::Cache=${join(cwd, 'cache')}`],
    ...['-o', 'Debug::NoLocking=1'],
  ];
  const updated = await output('apt-get', [...options, 'update'], { cwd, timeout: 120_000 });
  return updated !== undefined && download(cwd, options);
}

async function versionOf(promtool) {
  return /version ([\d.]+)/.exec((await output(promtool, ['--version'])) ?? '')?.[1];
}
