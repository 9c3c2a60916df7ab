import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { testCluster, testNamespace } from '../../support/apiServer.ts';
import { until } from '../support/until.ts';
import { alive, clients, deployment } from './workload.ts';

describe('a node that ends without stop()', () => {
  const { kubeconfig } = testCluster();

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
    it(`${signal}: takes its pods' processes along, also one that ignores SIGTERM`, async () => {
      const namespace = await testNamespace();
      const { apps } = clients(kubeconfig);
      await apps.createNamespacedDeployment({ namespace, body: deployment('shop', 'shop:1') });
      await apps.createNamespacedDeployment({ namespace, body: deployment('stubborn', 'shop:stubborn') });
      const program = new URL('./orphan.ts', import.meta.url).pathname;
      const parent = spawn(process.execPath, [program, kubeconfig, namespace], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      try {
        const [line] = await once(parent.stdout, 'data');
        const { pids, directory }: { pids: number[]; directory: string } = JSON.parse(String(line));
        expect(existsSync(directory)).toBe(true);
        expect(pids.map(alive)).toEqual([true, true]);
        parent.kill(signal);
        await once(parent, 'exit');
        await until('the processes end', () => !pids.some(alive), 15_000);
        await until('its files are gone', () => !existsSync(directory));
      } finally {
        parent.kill('SIGKILL');
      }
    });
  }
});
