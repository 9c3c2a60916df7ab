import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { writeOverlay } from '../../e2e/install.ts';
import { kubectl } from '../../tools/kubectl.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mirror-experiment-overlay-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test('deploy/ takes the overlay: the images, the stand-in’s addresses and the switch’s time', async () => {
  const telemetry = { host: 'azure-monitor.azure.svc', ca: 'a certificate', connectionString: '' };
  const image = 'localhost:5000/operator:e2e';
  const folder = await writeOverlay({ directory }, image, telemetry);
  const { code, stdout, stderr } = await kubectl(join(directory, 'none'), ['kustomize', folder]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const objects = parseAllDocuments(stdout).map((document) => document.toJS());
  const named = (kind: string, name: string) =>
    objects.find((object) => object.kind === kind && object.metadata.name === name);

  const operator = named('Deployment', 'mirror-experiment').spec.template.spec;
  const [container, ...others] = operator.containers;
  expect(others).toEqual([]);
  expect(container.image).toBe(image);
  const env = Object.fromEntries(container.env.map((each: { name: string; value: string }) => [each.name, each.value]));
  expect(env).toMatchObject({
    LOG_ANALYTICS_ENDPOINT: 'https://azure-monitor.azure.svc:8443/v1',
    AZURE_AUTHORITY_HOST: 'https://azure-monitor.azure.svc:8443/',
    HEALTH_PORT: '8080',
  });
  for (const path of [env.AZURE_FEDERATED_TOKEN_FILE, env.NODE_EXTRA_CA_CERTS]) {
    expect(
      container.volumeMounts.filter((mount: { mountPath: string }) => path.startsWith(mount.mountPath)),
    ).toHaveLength(1);
  }
  const mounted = container.volumeMounts.map((mount: { name: string }) => mount.name);
  expect(operator.volumes.map((volume: { name: string }) => volume.name)).toEqual(expect.arrayContaining(mounted));
  expect(named('ConfigMap', 'azure-monitor').data).toEqual({ 'ca.pem': 'a certificate' });

  const [deadMansSwitch, ...more] = named('CronJob', 'mirror-experiment-dead-mans-switch').spec.jobTemplate.spec
    .template.spec.containers;
  expect(more).toEqual([]);
  expect(deadMansSwitch.image).toBe(image);
  expect(deadMansSwitch.env).toContainEqual({ name: 'DEAD_MANS_SWITCH_SECONDS', value: '30' });
});
