import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { createLogAnalytics, type LogAnalyticsSettings } from '../../../src/adapters/telemetry/logAnalytics.ts';
import { type Telemetry, TelemetryError } from '../../../src/engine/ports/telemetry.ts';
import { question } from '../../core/query/questions.ts';
import { blockTypes, CELL_TYPES, cell, PAIR_TYPES, table } from '../../core/samples/tables.ts';
import { assumeWorkloadIdentity } from '../../support/azureIdentity.ts';
import { answer, type Script, type ScriptedService, startScriptedService } from './scriptedService.ts';

export const WINDOW = { start: Date.UTC(2026, 0, 1), end: Date.UTC(2026, 0, 1, 0, 10) };
export const SCOPE = 'https://api.loganalytics.io/.default';
export const ASKED = question({ latency: [{ percentile: 50, maxIncreasePercent: 10, maxIncreaseMilliseconds: 20 }] });

/** One scripted service for a test file, this process with an identity that it knows, and adapters that ask it. */
export function scriptedTelemetry(): {
  readonly service: () => ScriptedService;
  readonly adapter: (changes?: Partial<LogAnalyticsSettings>) => Telemetry;
} {
  let service: ScriptedService | undefined;
  let forgetIdentity: (() => void) | undefined;
  beforeAll(async () => {
    service = await startScriptedService();
    forgetIdentity = assumeWorkloadIdentity(service);
  });
  afterEach(() => service?.scriptToken(undefined));
  afterAll(async () => {
    forgetIdentity?.();
    await service?.close();
  });
  const started = (): ScriptedService => {
    if (service === undefined) throw new Error('the scripted service is not running');
    return service;
  };
  const adapter = (changes: Partial<LogAnalyticsSettings> = {}): Telemetry => {
    const { endpoint, authorityHost } = started();
    return createLogAnalytics({ endpoint, scope: SCOPE, authorityHost, credential: 'workload', ...changes });
  };
  return { service: started, adapter };
}

/** The TelemetryError with which a call fails. */
export async function failure(call: Promise<unknown>): Promise<TelemetryError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof TelemetryError)) throw new Error(`expected a TelemetryError, got ${inspect(error)}`);
  return error;
}

/** Answers the queries of a read by what they ask: blocks and pairs are asked at the same time. */
export function ofRead(sums: Script, blocks: Script, pairs: Script): Script {
  return (response, received) => {
    const isPairs = received.query.includes('hint.shufflekey');
    const isBlocks = received.query.includes(', Block = tolong(');
    return answer(isPairs ? pairs : isBlocks ? blocks : sums, response, received);
  };
}

/** The service's JSON for a table. */
export function tables(types: Readonly<Record<string, string>>, ...rows: Record<string, unknown>[]): { json: unknown } {
  return { json: { tables: [{ name: 'PrimaryResult', ...table(types, rows) }] } };
}

export const SUMS = tables(CELL_TYPES, cell({ Items: 4 }), cell({ Live: false, Items: 3 }));
export const BLOCK = { Route: 0, Block: 2, LiveItems: 4, LiveFailed: 0, MirrorItems: 3, MirrorFailed: 0, L0: 4, M0: 3 };
export const BLOCKS = tables(blockTypes(1), BLOCK);
export const PAIRS = tables(PAIR_TYPES, { Route: 0, Pairs: 3, OnlyMirrorFailed: 1, OnlyLiveFailed: 0, Slower: 1 });
export const FIRST = tables({ First: 'datetime' }, { First: '2026-01-01T00:02:03.4567891Z' });
