import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from './problem.mjs';
import { output, run } from './processes.mjs';

const goModules = fileURLToPath(new URL('../go/', import.meta.url));

/**
 * Builds programs from Go modules into `directory`. `module` is a folder of tools/go, which pins their versions; `packages`
 * are those of the programs. `what` they are and what there is `instead` of building them are for messages.
 */
export async function goBuild({ module, packages, directory, linkerFlags = '-s -w', what, instead }) {
  const go = await findGo(what, instead);
  const flags = ['-trimpath', '-buildvcs=false', '-mod=readonly', '-ldflags', linkerFlags];
  await run(go, ['build', ...flags, '-o', directory, ...packages], {
    name: `build-${module}`,
    cwd: join(goModules, module),
    // Without cgo no C compiler is needed, and the programs run on any distribution.
    env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
    remedy:
      'It needs Go 1.26 or newer (an older one fetches it, unless GOTOOLCHAIN=local), the Go module proxy and 4 GB of disk.\n' +
      `  Instead, ${instead}.`,
  });
}

async function findGo(what, instead) {
  const candidates = ['go', '/usr/local/go/bin/go'];
  for (const go of candidates) {
    const version = /go version go1\.(\d+)/.exec((await output(go, ['version'])) ?? '')?.[1];
    // From 1.21 on, Go fetches the toolchain that a module asks for.
    if (version !== undefined && Number(version) >= 21) return go;
  }
  throw new SetupError(
    `there is no Go 1.21 or newer to build ${what}.\n` +
      `  Install Go (1.26 or newer, or one that may fetch it); instead, ${instead}.`,
  );
}
