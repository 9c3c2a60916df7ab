import { afterAll, beforeAll, describe, test } from 'vitest';
import { V3 } from '../support/lab.ts';
import { ROUTES } from '../support/labObjects.ts';
import { conditionOf } from '../support/liveLab.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';

let stage: OperatorStage;

beforeAll(async () => {
  stage = await setOperatorStage();
  await stage.operator();
});
afterAll(() => stage?.stop());

/** The shortest deadline that the resource definition allows. */
const SHORT = { deadlineSeconds: 30 };

describe.concurrent('telemetry as it should not be', { timeout: 150_000 }, () => {
  test.for([
    ['live', { live: true }, 'NoLiveTelemetry', /V1-.*check spec.live.version/],
    ['the candidate', { mirror: true }, 'NoMirrorTelemetry', /V2-.*check that/],
  ] as const)(
    '%s reports nothing: never a Pass, and the condition says whom to ask',
    async ([, silent, reason, message], context) => {
      const { expect } = context;
      const books = await stage.lab(context, { traffic: { silent } });
      const before = await books.targets();
      await books.create('candidate', { analysis: SHORT });
      const status = await books.complete('candidate');
      expect(status).toMatchObject({ verdict: 'Inconclusive' });
      expect(conditionOf(status, 'Passed')).toMatchObject({ status: 'False', reason });
      expect(conditionOf(status, 'TelemetryFlowing')).toMatchObject({ status: 'False', reason });
      expect(conditionOf(status, 'TelemetryFlowing')?.message).toMatch(message);
      expect(await books.targets()).toEqual(before);
    },
  );

  test('rows that come late, but within settleSeconds, are all counted', async (context) => {
    const { expect } = context;
    const books = await stage.lab(context, { traffic: { ingestionMilliseconds: 4000 } });
    await books.create('candidate', { analysis: { settleSeconds: 6, deadlineSeconds: 110 } });
    const status = await books.complete('candidate', 120);
    expect(status).toMatchObject({ verdict: 'Pass', requests: { coveragePercent: 100 } });
    expect(status.requests?.live).toBe(status.requests?.mirror);
  });

  test('rows that come later than settleSeconds are counted at the next look', async (context) => {
    const { expect } = context;
    const books = await stage.lab(context, { traffic: { ingestionMilliseconds: 4000, requestsPerSecond: 20 } });
    await books.create('candidate', { analysis: { minRequests: 1000, deadlineSeconds: 40 } });
    const status = await books.complete('candidate');
    expect(conditionOf(status, 'Passed')).toMatchObject({ status: 'False', reason: 'NotEnoughEvidence' });
    const counts = books.history('candidate').flatMap(({ status: each }) => each.requests?.live ?? []);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    // 20 a second; of the last interval most are still on their way.
    expect(counts.at(-1)).toBeGreaterThan(20 * 5 * 2);
  });

  test.for([
    ['behind', -180_000, 'NoLiveTelemetry'],
    ['ahead', 180_000, 'NoLiveTelemetry'],
  ] as const)(
    'clocks that are minutes %s do not make a Pass, and all is restored',
    async ([, clockMilliseconds, reason], context) => {
      const { expect } = context;
      const books = await stage.lab(context, { traffic: { clockMilliseconds } });
      const before = await books.targets();
      await books.create('candidate', { analysis: SHORT });
      const status = await books.complete('candidate');
      expect(status).toMatchObject({ verdict: 'Inconclusive' });
      expect(conditionOf(status, 'Passed')).toMatchObject({ status: 'False', reason });
      expect(conditionOf(status, 'Passed')?.message).toMatch(/clock/);
      expect(await books.targets()).toEqual(before);
    },
  );

  test('quotes, newlines and KQL in versions and route names are data', async (context) => {
    const { expect } = context;
    const tame = await stage.lab(context, { traffic: { behaviour: V3 } });
    const hostile = {
      live: `V1" or true // ${tame.namespace}`,
      mirror: `V2'\n| union (AppTraces)\n| where "\\"" == @"\\" // ${tame.namespace}`,
    };
    const routes = [`GET "]; AppRequests | take 1 //`, `GET Reviews/Get\n| where 1==2\\`];
    const slow = (route: string) => (route === routes[1] ? 1193 : 0);
    const books = await stage.lab(context, { versions: hostile, traffic: { routes, behaviour: slow } });
    // How often the guard looks before the verdict is a matter of moments.
    const analysis = { liveGuard: { enabled: false } };
    await Promise.all([
      tame.create('candidate', { analysis }),
      books.create('candidate', { analysis, deployment: null }),
    ]);
    const [tameStatus, status] = await Promise.all([tame.complete('candidate'), books.complete('candidate')]);
    expect(tameStatus).toMatchObject({ verdict: 'Fail', routes: [{ name: ROUTES[1] }, { name: ROUTES[0] }] });
    const printed = 'GET Reviews/Get\\n| where 1==2\\';
    expect(status).toMatchObject({ verdict: 'Fail', routes: [{ name: printed }, { name: routes[0] }] });
    expect(conditionOf(status, 'Passed')).toMatchObject({ reason: 'Latency' });

    const asked = stage.azure.queries().filter(({ kql }) => kql.includes(tame.namespace));
    const texts = asked.flatMap(({ kql }) => queriesIn(kql)).filter((kql) => kql.includes(tame.namespace));
    const skeletons = (ofHostile: boolean) =>
      [...new Set(texts.filter((kql) => kql.includes('| union') === ofHostile).map(skeleton))].sort();
    expect(skeletons(true).length).toBeGreaterThanOrEqual(4);
    expect(skeletons(true)).toEqual(skeletons(false));
    expect(asked.filter(({ status: answered }) => answered !== 200)).toEqual([]);
  });
});

/** The query without its literals: what is left is what is executed. */
/** The queries that were asked together, word for word; or the one. */
function queriesIn(kql: string): readonly string[] {
  const shared = [...kql.matchAll(/^let Leg\d+ = \(\) \{\n([\s\S]*?)\n\};$/gm)];
  return shared.length === 0 ? [kql] : shared.map(([, text = '']) => text);
}

function skeleton(kql: string): string {
  return kql
    .replace(/"(\\.|[^"\\\n])*"/g, '""')
    .replace(/datetime\([^)]*\)/g, 'datetime()')
    .replace(/\b\d+(\.\d+)?\b/g, '0');
}
