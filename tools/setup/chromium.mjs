import { chmodSync, createReadStream, createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { brotliDecompressSync, createBrotliDecompress } from 'node:zlib';
import { provide } from './cache.mjs';
import { chromiumLocation, chromiumPackage, hasChromium, platform } from './locations.mjs';
import { SetupError } from './problem.mjs';
import { output } from './processes.mjs';
import { step } from './progress.mjs';

/** Provides the Chromium that the report is checked in. Returns what is there, for people. */
export async function provideChromium() {
  const { variable, directory, binaries } = chromiumLocation();
  if (!variable && !hasChromium) return `no Chromium for ${platform} (CHROMIUM_BIN may name one)`;
  if (!variable) {
    await provide(directory, 'Chromium', { isReady: (place) => versionOf(join(place, 'chromium')), fill });
  }
  const version = await versionOf(binaries.chromium);
  if (version) return `Chromium ${version}${variable ? ` (${variable})` : ''}`;
  throw new SetupError(
    `CHROMIUM_BIN=${binaries.chromium} is not a Chromium that runs.\n  Correct CHROMIUM_BIN, or unset it to have one unpacked.`,
  );
}

/** The npm package carries the program, the libraries that a bare system lacks, and a font. */
function fill(directory) {
  return step('Unpacking Chromium from its npm package', '5 s', async () => {
    const bin = join(chromiumPackage(), 'bin');
    await pipeline(
      createReadStream(join(bin, 'chromium.br')),
      createBrotliDecompress(),
      createWriteStream(join(directory, 'headless_shell'), { mode: 0o755 }),
    );
    for (const archive of ['al2023.tar.br', 'fonts.tar.br']) {
      untar(brotliDecompressSync(readFileSync(join(bin, archive))), directory);
    }
    writeFileSync(join(directory, 'fontconfig.xml'), FONTS);
    writeFileSync(join(directory, 'chromium'), START);
    chmodSync(join(directory, 'chromium'), 0o755);
  });
}

const START = `#!/bin/sh
here=$(dirname "$0")
LD_LIBRARY_PATH="$here/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" FONTCONFIG_FILE="$here/fontconfig.xml" exec "$here/headless_shell" "$@"
`;

// With the system's fonts, if it has any, for characters that the carried one lacks.
const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

const BLOCK = 512;

/** The files of a tar archive (POSIX ustar), below `directory`. */
function untar(archive, directory) {
  const text = (from, length) => archive.toString('utf8', from, from + length).replace(/\0.*$/s, '');
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0; ) {
    const name = normalize(join(text(at + 345, 155), text(at, 100)));
    const size = Number.parseInt(text(at + 124, 12), 8);
    const isFile = ['0', ''].includes(text(at + 156, 1));
    if (isFile) {
      if (name.startsWith('..')) throw new SetupError(`an archive of the Chromium package has the path ${name}`);
      const path = join(directory, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, archive.subarray(at + BLOCK, at + BLOCK + size));
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}

async function versionOf(chromium) {
  return /[\d.]{5,}/.exec((await output(chromium, ['--version'])) ?? '')?.[0];
}
