// Runs the operator's watch alone until SIGTERM, and then ends only if nothing is left that keeps a process alive.
import { KubeConfig } from '@kubernetes/client-node';
import { createApiClient } from '../../src/adapters/kubernetes/apiClient.ts';
import { ExperimentOperator } from '../../src/adapters/kubernetes/operator.ts';
import { systemClock } from '../../src/adapters/systemClock.ts';
import type { Log } from '../../src/engine/ports/log.ts';

const say = (message: string) => process.stdout.write(`${message}\n`);
const log: Log = { debug: say, info: say, warn: say, error: say, child: () => log };
const kubeConfig = new KubeConfig();
kubeConfig.loadFromDefault();
const api = createApiClient({ kubeConfig, log });
const operator = new ExperimentOperator({
  kubeConfig,
  api,
  log,
  clock: systemClock,
  onChange: (key) => say(`changed ${key}`),
});
process.once('SIGTERM', () => {
  void operator.stop();
});
await operator.start();
say('started');
