import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordsAt } from '../../src/core/kubernetes/fields.ts';
import { BOOKSERVICE, type Bookstore, openBookstore } from '../support/bookstore.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';

/** The real operator, Envoy and bookservice; the candidate is what is wrong. */

const DEADLINE = 300;
const ANALYSIS = {
  intervalSeconds: 5,
  warmupSeconds: 0,
  settleSeconds: 5,
  minDurationSeconds: 200,
  deadlineSeconds: DEADLINE,
  minRequests: 50,
};

const server = `import(${JSON.stringify(BOOKSERVICE)})`;

/** Programs by tag. */
const CANDIDATES = {
  crashing: ['-e', "console.error('no database'); process.exit(3)"],
  'crashing-later': ['-e', `${server}; setTimeout(() => process.exit(4), 9000)`],
  hungry: ['-e', 'const held = []; setInterval(() => held.push(Buffer.alloc(64 << 20, 1)), 50)'],
  // 10 ms slower, which is tolerated.
  unhurried: [
    '-e',
    `const { end } = http.ServerResponse.prototype;
    http.ServerResponse.prototype.end = function (...args) { setTimeout(() => end.apply(this, args), 10); return this; };
    ${server}`,
  ],
  silent: ['-e', `delete process.env.APPLICATIONINSIGHTS_CONNECTION_STRING; ${server}`],
};

let stage: OperatorStage;
let books: Bookstore;

beforeAll(async () => {
  stage = await setOperatorStage();
  await stage.operator();
  books = await openBookstore(stage, CANDIDATES);
  // Enough for the bookservice, and not for everything.
  await patchCandidate({ containers: [{ name: 'bookservice', resources: { limits: { memory: '512Mi' } } }] });
}, 180_000);
afterAll(async () => {
  await books?.stop();
  await stage?.stop();
}, 60_000);

async function patchCandidate(template: object): Promise<void> {
  const body = JSON.stringify({ spec: { template: { spec: template } } });
  await books.run(['-n', 'bookstore', 'patch', 'deployment/bookservicemirror', '-p', body]);
}

async function runTrouble(name: string, tag: string) {
  const before = await books.targets();
  await books.apply(name, tag, ANALYSIS);
  const status = await books.complete(name, DEADLINE + 60);
  const seconds = (Date.parse(String(status.completionTime)) - Date.parse(String(status.startTime))) / 1000;
  const condition = (type: string) => recordsAt(status, 'conditions').find((each) => each.type === type);
  expect(await books.targets()).toEqual(before);
  return { status, seconds, passed: condition('Passed'), ready: condition('CandidateReady') };
}

describe('a candidate in trouble is found without waiting for the deadline, and everything is restored', {
  timeout: 360_000,
}, () => {
  test('one that crashes', async () => {
    const { status, seconds, passed, ready } = await runTrouble('crashing', 'crashing');
    expect(status.verdict).toBe('Fail');
    expect(passed).toMatchObject({ status: 'False', reason: 'CandidateCrashing' });
    expect(passed?.message).toMatch(/container bookservice of pod bookservicemirror-\S+ ended \d+ times.*exit code 3/);
    expect(ready).toMatchObject({ status: 'False', reason: 'CrashLoop' });
    expect(status.mirroringSince).toBeUndefined();
    expect(seconds).toBeLessThan(DEADLINE / 3);
  });

  test('one whose image is not there', async () => {
    const { status, seconds, passed, ready } = await runTrouble('missing', 'missing');
    expect(status.verdict).toBe('Inconclusive');
    expect(passed).toMatchObject({ status: 'False', reason: 'ImagePullFailed' });
    expect(passed?.message).toMatch(/readymirroring\/bookservice:missing/);
    expect(ready).toMatchObject({ status: 'False', reason: 'ImagePullFailed' });
    expect(seconds).toBeLessThan(DEADLINE / 2);
  });

  test('one that uses more memory than its limit', async () => {
    const { status, seconds, passed, ready } = await runTrouble('hungry', 'hungry');
    expect(status.verdict).toBe('Fail');
    expect(passed).toMatchObject({ status: 'False', reason: 'CandidateOutOfMemory' });
    expect(passed?.message).toMatch(/exit code 137, OOMKilled/);
    expect(ready).toMatchObject({ status: 'False', reason: 'OutOfMemory' });
    expect(seconds).toBeLessThan(DEADLINE / 3);
  });

  test('one that crashes while it gets copies', async () => {
    const { status, seconds, passed } = await runTrouble('crashing-later', 'crashing-later');
    expect(status.verdict).toBe('Fail');
    expect(passed).toMatchObject({ status: 'False', reason: 'CandidateCrashing' });
    expect(passed?.message).toMatch(/exit code 4/);
    expect(status.mirroringSince).toBeDefined();
    expect(seconds).toBeLessThan(DEADLINE / 2);
  });

  test('one that serves, and sends no telemetry', async () => {
    const { status, seconds, passed } = await runTrouble('silent', 'silent');
    expect(status.verdict).toBe('Inconclusive');
    expect(passed).toMatchObject({ status: 'False', reason: 'NoMirrorTelemetry' });
    expect(passed?.message).toMatch(/\(live \d+ requests, candidate none\)/);
    expect(seconds).toBeLessThan(DEADLINE / 2);
  });

  test.each([
    ['because one of four endpoints is gone', 'v2', oneEndpointGone],
    ['because its cluster holds no more than two at a time (pending overflow)', 'unhurried', twoAtATime],
  ])('one some of whose copies Envoy drops, %s', async (_, tag, cluster) => {
    const read = await books.run(['-n', 'bookstore', 'get', 'cm/default-sidecar', '-o', 'json']);
    const before: string = JSON.parse(read).data['envoy.yaml'];
    const write = async (text: string) => {
      const body = JSON.stringify({ data: { 'envoy.yaml': text } });
      await books.run(['-n', 'bookstore', 'patch', 'cm/default-sidecar', '--type=merge', '-p', body]);
    };
    await write(`${before.trimEnd()}\n${cluster(books.bookservicemirrorPort)}`);
    const { status, seconds, passed } = await runTrouble(cluster.name.toLowerCase(), tag);
    // More than half of them lost is a Fail.
    expect(['Inconclusive', 'Fail']).toContain(status.verdict);
    expect(passed).toMatchObject({ status: 'False', reason: 'LostCopies' });
    expect(passed?.message).toMatch(/left no trace/);
    expect(seconds).toBeLessThan(DEADLINE - 60);
    await write(before);
  });
});

/** A mirror cluster of the team's own, one of whose endpoints is gone: every fourth copy finds nobody. */
function oneEndpointGone(port: number): string {
  return `
  - name: bookservicemirror
    type: STRICT_DNS
    dns_lookup_family: V4_ONLY
    connect_timeout: 1s
    load_assignment:
      cluster_name: bookservicemirror
      endpoints:
      - lb_endpoints:
        - endpoint:
            address:
              socket_address: { address: bookservicemirror, port_value: ${port} }
          load_balancing_weight: 3
        - endpoint:
            address:
              socket_address: { address: bookservicemirror, port_value: 1 }
          load_balancing_weight: 1
`;
}

/** One copy under way and one that waits; what comes meanwhile is dropped. */
function twoAtATime(port: number): string {
  return `
  - name: bookservicemirror
    type: STRICT_DNS
    dns_lookup_family: V4_ONLY
    connect_timeout: 1s
    circuit_breakers:
      thresholds:
      - max_connections: 1
        max_pending_requests: 1
    load_assignment:
      cluster_name: bookservicemirror
      endpoints:
      - lb_endpoints:
        - endpoint:
            address:
              socket_address: { address: bookservicemirror, port_value: ${port} }
`;
}
