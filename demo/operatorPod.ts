import { join } from 'node:path';
import type { AzureMonitor } from './azure-monitor/index.ts';
import type { Images } from './node/startNode.ts';
import { operatorEnvironment } from './operatorEnvironment.ts';

const IMAGE = 'mirror-experiment:0.1.0';

/** The operator's image as a program of this machine: the built operator, with the identity of deploy/. */
export async function operatorImages(kubeconfig: string, azure: AzureMonitor, directory: string): Promise<Images> {
  return {
    [IMAGE]: {
      command: [process.execPath, join(import.meta.dirname, '..', 'dist', 'main.js')],
      env: await operatorEnvironment(kubeconfig, azure, directory),
      // A container has an address of its own; here the ports are some of this machine's loopback ports.
      prepare: async ({ args, ports }) => [
        ...args,
        '--health-address',
        '127.0.0.1',
        '--health-port',
        String(ports.get(8080) ?? 0),
        '--metrics-address',
        '127.0.0.1',
        '--metrics-port',
        String(ports.get(8081) ?? 0),
      ],
    },
  };
}
