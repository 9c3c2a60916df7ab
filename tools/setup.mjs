// Makes a fresh clone ready for `npm test` and `npm run demo`: packages, Node, and the real programs they run.
// With --demo, only what the demo runs.
// Plain JavaScript without dependencies: it runs before anything is installed, on whatever Node there is.
import { provideChromium } from './setup/chromium.mjs';
import { installDependencies, nodeInForce } from './setup/dependencies.mjs';
import { provideEnvoy } from './setup/envoy.mjs';
import { provideHelm } from './setup/helm.mjs';
import { provideKubernetes } from './setup/kubernetes.mjs';
import { SetupError } from './setup/problem.mjs';
import { formatDuration } from './setup/progress.mjs';
import { providePrometheus } from './setup/prometheus.mjs';
import { provideRecipeChecks } from './setup/recipes.mjs';

try {
  const started = Date.now();
  await installDependencies();
  const node = await nodeInForce();
  const kubernetes = await provideKubernetes();
  const envoy = await provideEnvoy();
  const forTests = process.argv.includes('--demo')
    ? []
    : [await provideChromium(), await provideHelm(), await providePrometheus(), await provideRecipeChecks()];
  const took = formatDuration(Date.now() - started);
  console.log(`Set up in ${took}: ${[`Node ${node}`, kubernetes, envoy, ...forTests].join(', ')}`);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`\nSet-up failed: ${error.message}`);
  process.exitCode = 1;
}
