import { join } from 'node:path';
import { provide } from './cache.mjs';
import { goBuild } from './go.mjs';
import { helmLocation } from './locations.mjs';
import { SetupError } from './problem.mjs';
import { output } from './processes.mjs';
import { step } from './progress.mjs';
import { helmVersion } from './versions.mjs';

/** Provides Helm, which renders the chart for the tests. Returns what is there, for people. */
export async function provideHelm() {
  const { variable, directory, binaries } = helmLocation();
  if (!variable) await provide(directory, 'Helm', { isReady: (place) => versionOf(join(place, 'helm')), fill });
  const version = await versionOf(binaries.helm);
  if (version) return `Helm ${version}${variable ? ` (${variable})` : ''}`;
  throw new SetupError(
    `HELM_BIN=${binaries.helm} is not a Helm that runs.\n  Correct HELM_BIN, or unset it to have Helm built.`,
  );
}

function fill(directory) {
  return step(`Building Helm ${helmVersion} from Go modules`, '1 to 2 min on 2 cores', () =>
    goBuild({
      module: 'helm',
      packages: ['helm.sh/helm/v4/cmd/helm'],
      directory,
      linkerFlags: `-s -w -X helm.sh/helm/v4/internal/version.version=v${helmVersion}`,
      what: 'Helm',
      instead: `HELM_BIN may name a Helm ${helmVersion}`,
    }),
  );
}

async function versionOf(helm) {
  return /v([\d.]+)/.exec((await output(helm, ['version', '--short'])) ?? '')?.[1];
}
