import { afterAll, beforeAll, expect, test } from 'vitest';
import { labImages } from '../../demo/lab/images.ts';
import { startPoller } from '../../demo/lab/poller.ts';
import { renderExperiment } from '../../demo/lab/renderExperiment.ts';
import { renderManifests } from '../../demo/lab/renderManifests.ts';
import { freePorts } from '../../demo/node/ports.ts';
import { startNode } from '../../demo/node/startNode.ts';
import { binaries } from '../../tools/binaries.ts';
import { testNamespace } from '../support/apiServer.ts';
import { startSwitch } from '../support/deadMansSwitch.ts';
import { kubectl } from '../support/kubectl.ts';
import { until } from '../support/liveLab.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';

const LEASE = { LEASE_SECONDS: '4', RENEW_DEADLINE_SECONDS: '2.5', RETRY_SECONDS: '0.5' };

let stage: OperatorStage;
beforeAll(async () => {
  stage = await setOperatorStage();
});
afterAll(() => stage?.stop());

test('a real Envoy copies nothing any more after its operator was killed, and no live request has failed', {
  timeout: 240_000,
}, async (context) => {
  const { server, azure } = stage;
  const namespace = await testNamespace(server);
  const images = labImages(binaries().envoy);
  const node = await startNode({ kubeconfig: server.kubeconfig, namespace, images, configMapSyncMilliseconds: 500 });
  context.onTestFinished(() => node.stop());
  const [frontPort = 0, bookservicePort = 0, bookservicemirrorPort = 0] = await freePorts(3);
  const { dnsPort } = node;
  const { connectionString } = azure;
  const run = async (args: readonly string[], input?: string): Promise<string> => {
    const result = await kubectl(server.kubeconfig, ['-n', namespace, ...args], input === undefined ? {} : { input });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    return result.stdout;
  };
  const apply = (text: string) =>
    run(['apply', '-f', '-'], text.replaceAll('namespace: bookstore', `namespace: ${namespace}`));
  const ports = { frontPort, bookservicePort, bookservicemirrorPort };
  for (const { name, text } of await renderManifests({ ...ports, dnsPort, connectionString })) {
    if (name !== 'namespace.yaml') await apply(text);
  }
  const front = `http://127.0.0.1:${frontPort}`;
  const isUp = () =>
    fetch(`${front}/api/books`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until('the front answers', isUp, 60);

  const targets = async (): Promise<unknown> => {
    const names = ['configmap/default-sidecar', 'deployment/bookinfo-spa', 'deployment/bookservicemirror'];
    return Promise.all(
      names.map(async (name) => {
        const { metadata, status: _, ...rest } = JSON.parse(await run(['get', name, '-o', 'json']));
        const { 'deployment.kubernetes.io/revision': _r, ...annotations } = metadata.annotations;
        return { ...rest, annotations };
      }),
    );
  };
  const copies = async (): Promise<number> => {
    const { rows } = await azure.query(
      "AppRequests | where tostring(Properties['VersionTag']) == 'V2MIR-BookService' | summarize copies = count()",
    );
    return Number(rows[0]?.[0]);
  };
  const get = (path: string) => run(['get', 'mexp/bookservice-v2', '-o', `jsonpath={${path}}`]);

  const before = await targets();
  const poller = startPoller({ url: front, requestsPerSecond: 15, maxSeconds: 240 });
  context.onTestFinished(async () => {
    await poller.stop();
  });
  const settings = { WATCH_NAMESPACE: namespace, ...LEASE };
  const operator = await stage.operator({ settings: { ...settings, LEADER_ELECTION: 'true' } });
  const experiment = await renderExperiment('V2', azure.workspaceId);
  await apply(
    experiment
      .replace('deadlineSeconds: 150', 'deadlineSeconds: 3600')
      .replace('minDurationSeconds: 50', 'minDurationSeconds: 3000'),
  );
  await until(
    'copies arrive',
    async () => (await copies()) > 20,
    90,
    () => operator.log.at(-1)?.message,
  );
  await operator.kill();
  const killed = Date.now();

  const dead = await startSwitch(stage, { ...settings, DEAD_MANS_SWITCH_SECONDS: '8' });
  const { code, at } = await dead.ended;
  console.info(`real Envoy, seconds until gone 8, lease 4: restored ${at - killed} ms after the kill`);
  expect([code, dead.errors(), dead.log.filter(({ level }) => level === 'error')]).toEqual([0, '', []]);
  expect(await get('.status.conditions[?(@.type=="Passed")].reason')).toBe('OperatorAbsent');
  expect(await get('.status.conditions[?(@.type=="Mirroring")].reason')).toBe('Restored');
  expect(await targets()).toEqual(before);

  // The candidate's last telemetry is on its way for up to its SDK's interval; after that nothing is added.
  await until('the candidate has ended', async () =>
    node.pods().every(({ labels }) => labels.app !== 'bookservicemirror'),
  );
  const [sent, last] = [poller.counts().sent, await copies()];
  await until('live traffic has gone on', async () => poller.counts().sent > sent + 60);
  expect(await copies()).toBe(last);
  const { failures, succeeded } = await poller.stop();
  expect([failures, succeeded > 100]).toEqual([{}, true]);
});
