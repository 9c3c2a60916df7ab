import { afterAll, beforeAll, describe, test } from 'vitest';
import type { MirrorExperimentStatus } from '../../src/api/types.generated.ts';
import { V2, V3 } from '../support/lab.ts';
import { limit } from '../support/limit.ts';
import { conditionOf, type LiveLab, until } from '../support/liveLab.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';
import { startTelemetryGateway, type TelemetryFault, type TelemetryGateway } from '../support/telemetryGateway.ts';

type Context = Parameters<OperatorStage['lab']>[0] & { readonly task: { readonly name: string } };

/** Seconds. The shortest interval that the resource definition allows. */
const INTERVAL = 5;
/** A look of the guard and one of the analysis, its confirmation and the status: a second or two, but for a busy machine. */
const LOOK = 15;
/** TELEMETRY_TIMEOUT_SECONDS. */
const TIMEOUT = 6;
/** What the operator waits after a 429 that does not say how long. */
const UNSAID = 30;

let stage: OperatorStage;
const recoveries: string[] = [];

beforeAll(async () => {
  stage = await setOperatorStage();
});
afterAll(async () => {
  await stage?.stop();
  process.stdout.write(`recovery:\n${recoveries.map((line) => `  ${line}\n`).join('')}`);
});

/** A run of a bad candidate (it fails at the first look) or of a good one, just before its first look. */
async function beforeFirstLook(
  context: Context,
  candidate: 'good' | 'bad',
  own: Readonly<Record<string, string>> = {},
) {
  const gateway = await startTelemetryGateway(stage.azure);
  context.onTestFinished(() => gateway.close());
  const behaviour = candidate === 'good' ? V2 : V3;
  const books = await stage.lab(context, { traffic: { behaviour, requestsPerSecond: 30 } });
  const before = await books.targets();
  const settings = { WATCH_NAMESPACE: books.namespace, LOG_LEVEL: 'debug', ...own };
  const operator = await stage.operator({ azure: gateway.azure, settings });
  context.onTestFinished(() => operator.kill());
  await books.create('candidate', { analysis: { intervalSeconds: INTERVAL, deadlineSeconds: 170 } });
  await books.until('candidate', 'copies were seen', ({ status }) => status.mirroringSince !== undefined, 150);
  return { gateway, books, before, operator };
}

const always = (fault: TelemetryFault) => (gateway: TelemetryGateway) => gateway.decide(() => fault);
/** No token that it has is good, and it gets no other. */
const tokens = (status: 400 | 401 | 500) => (gateway: TelemetryGateway) => {
  gateway.expireTokens();
  gateway.decide(({ endpoint }) => (endpoint === 'token' ? { kind: 'token', status } : undefined));
};
const calm = (gateway: TelemetryGateway) => gateway.decide(() => undefined);

interface Outage {
  readonly begin: (gateway: TelemetryGateway) => unknown;
  readonly end?: (gateway: TelemetryGateway) => unknown;
  /** What the operator says. */
  readonly says: RegExp;
  /** Seconds from the last question to the next; default INTERVAL. */
  readonly wait?: number;
  /** Seconds until the next look begins after the end; default `wait`. */
  readonly within?: number;
  /** Of the operator. */
  readonly settings?: Readonly<Record<string, string>>;
  /** It ends by itself when it is met: the guard's question may meet it, and the analysis's no more. */
  readonly isBrief?: boolean;
}

/** The operator cannot read telemetry, and knows it. */
const OUTAGES: readonly (readonly [what: string, outage: Outage])[] = [
  [
    'connections refused',
    { begin: (gateway) => gateway.refuse(), end: (gateway) => gateway.accept(), says: /no connection / },
  ],
  ['connections reset before the answer', { begin: always({ kind: 'reset' }), says: /no connection / }],
  ['connections cut in the middle of the answer', { begin: always({ kind: 'cut' }), says: /./ }],
  [
    'answers that never come',
    {
      begin: always({ kind: 'hang' }),
      says: /did not answer within 6 s/,
      wait: TIMEOUT + INTERVAL,
      within: 2 * TIMEOUT + INTERVAL,
      settings: { TELEMETRY_TIMEOUT_SECONDS: String(TIMEOUT) },
    },
  ],
  [
    '429 with Retry-After: 7',
    { begin: always({ kind: 'throttled', retryAfterSeconds: 7 }), says: /\(429\)|asked to wait/, wait: 7 },
  ],
  ['429 without Retry-After', { begin: always({ kind: 'throttled' }), says: /\(429\)|asked to wait/, wait: UNSAID }],
  ['500', { begin: always({ kind: 'status', status: 500 }), says: /unavailable \(500\)/ }],
  ['200 with HTML', { begin: always({ kind: 'html', status: 200 }), says: /a body that is not JSON/ }],
  ['502 with HTML', { begin: always({ kind: 'html', status: 502 }), says: /unavailable \(502\)/ }],
  ['200 with truncated JSON', { begin: always({ kind: 'truncated' }), says: /a body that is not JSON/ }],
  ['partial results', { begin: always({ kind: 'partial' }), says: /in part only/ }],
  [
    'expired tokens',
    { begin: (gateway) => gateway.expireTokens(), isBrief: true, says: /does not accept the operator's token \(401\)/ },
  ],
  ['expired tokens and no new ones (400)', { begin: tokens(400), says: /no token|token \(401\)/ }],
  ['expired tokens and no new ones (401)', { begin: tokens(401), says: /no token|token \(401\)/ }],
  ['expired tokens and no new ones (500)', { begin: tokens(500), says: /no token|token \(401\)/ }],
];

/** Runs that two processors manage side by side, so that a look keeps to its time. */
const atATime = limit(6);

const flowing = (status: MirrorExperimentStatus) => conditionOf(status, 'TelemetryFlowing');

describe.concurrent('a run goes on at the next look after', { timeout: 500_000 }, () => {
  test.for(OUTAGES)(
    '%s',
    ([what, { begin, end = calm, says, wait = INTERVAL, within = wait, isBrief = false, settings }], context) =>
      atATime(async () => {
        const { expect } = context;
        const { gateway, books, before, operator } = await beforeFirstLook(context, 'bad', settings);
        await begin(gateway);
        const failing = (status: MirrorExperimentStatus) =>
          [flowing(status), ...(isBrief ? [conditionOf(status, 'LiveHealthy')] : [])].find(
            (condition) => condition?.reason === 'TelemetryError',
          );
        const { status: told } = await books.until(
          'candidate',
          'tells of it',
          ({ status }) => failing(status) !== undefined,
        );
        expect(failing(told)?.message).toMatch(says);
        if (!what.startsWith('expired tokens') && !what.endsWith('refused') && wait < UNSAID) {
          const at = gateway.log.at(-1)?.at ?? 0;
          const next = () => gateway.log.find((record) => record.at > at);
          await until('it is asked again', async () => next() !== undefined, wait + LOOK);
          // The questions of a look are sent one after another, and waited for from the first one on.
          expect(((next()?.at ?? 0) - at) / 1000).toBeGreaterThanOrEqual(wait - 2);
        }
        if (what.endsWith('no new ones (500)')) await refusedTwice(gateway);
        expect(books.history('candidate').flatMap(({ status }) => status.verdict ?? [])).toEqual([]);
        expect(conditionOf(told, 'Mirroring')).toMatchObject({ status: 'True' });
        await end(gateway);
        const ended = Date.now();
        await books.until(
          'candidate',
          'is read again',
          ({ status }) => flowing(status)?.status === 'True',
          within + LOOK,
        );
        recovered(what, ended, within + LOOK);
        expect(await books.complete('candidate')).toMatchObject({ verdict: 'Fail' });
        expect(await books.targets()).toEqual(before);
        expect(operator.errors()).toBe('');
      }),
  );
});

async function refusedTwice(gateway: TelemetryGateway): Promise<void> {
  const refused = () => gateway.log.filter(({ endpoint, fault }) => endpoint === 'token' && fault !== undefined).length;
  await until('two tokens are refused', async () => refused() >= 2, 3 * (INTERVAL + LOOK));
}

function recovered(what: string, since: number, bound: number): void {
  recoveries.push(`${what}: ${((Date.now() - since) / 1000).toFixed(1)} s (bound ${bound} s)`);
}

/** What comes later than settleSeconds (1 s). */
const LATE = 8;

interface Gap {
  readonly begin: (books: LiveLab, gateway: TelemetryGateway) => void;
  readonly end: (books: LiveLab, gateway: TelemetryGateway) => void;
  readonly seen: (status: MirrorExperimentStatus) => boolean;
  /** Seconds until the telemetry is whole. */
  readonly late?: number;
}

const lossy = ({ requests }: MirrorExperimentStatus) => (requests?.coveragePercent ?? 100) < 80;

/** Answers that look right, and lack what was recorded. */
const GAPS: readonly (readonly [what: string, gap: Gap])[] = [
  [
    '204: no data',
    {
      begin: (_, gateway) => always({ kind: 'noContent' })(gateway),
      end: (_, gateway) => calm(gateway),
      seen: (status) => flowing(status)?.reason === 'NoLiveTelemetry',
    },
  ],
  [
    'no rows',
    {
      begin: (_, gateway) => always({ kind: 'noRows' })(gateway),
      end: (_, gateway) => calm(gateway),
      seen: (status) => flowing(status)?.reason === 'NoLiveTelemetry',
    },
  ],
  [
    'rows that come late',
    {
      begin: ({ traffic }) => traffic.change({ ingestionMilliseconds: LATE * 1000 }),
      end: ({ traffic }) => traffic.change({ ingestionMilliseconds: 0 }),
      seen: ({ lastAnalysisTime }) => lastAnalysisTime !== undefined,
      late: LATE,
    },
  ],
  [
    'rows of the candidate that come late',
    {
      begin: ({ traffic }) => traffic.change({ mirrorIngestionMilliseconds: LATE * 1000 }),
      end: ({ traffic }) => traffic.change({ mirrorIngestionMilliseconds: 0 }),
      seen: lossy,
      late: LATE,
    },
  ],
];

describe.concurrent('a good candidate is not failed, nor passed before its time, by', { timeout: 500_000 }, () => {
  test.for(GAPS)('%s', ([what, { begin, end, seen, late = 0 }], context) =>
    atATime(async () => {
      const { expect } = context;
      const { gateway, books, before, operator } = await beforeFirstLook(context, 'good');
      begin(books, gateway);
      await books.until('candidate', 'is seen without what is missing', ({ status }) => seen(status));
      expect(books.history('candidate').flatMap(({ status }) => status.verdict ?? [])).toEqual([]);
      end(books, gateway);
      const ended = Date.now();
      // The last interval that lacks something has settled by then.
      const bound = late + INTERVAL + 1 + LOOK;
      const whole = ({ status }: { readonly status: MirrorExperimentStatus }) =>
        flowing(status)?.status === 'True' &&
        status.requests?.coveragePercent === 100 &&
        Date.parse(status.lastAnalysisTime ?? '') >= ended;
      await books.until('candidate', 'is read as a whole', whole, bound);
      recovered(what, ended, bound);
      const status = await books.complete('candidate', 120);
      expect(status).toMatchObject({ verdict: 'Pass', requests: { coveragePercent: 100 } });
      expect(status.requests?.live).toBe(status.requests?.mirror);
      expect(await books.targets()).toEqual(before);
      expect(operator.errors()).toBe('');
    }),
  );
});
