import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { QueryOutcome } from '../../../src/adapters/telemetry/logAnalytics/queryClient.ts';
import { question } from '../../core/query/questions.ts';
import type { Script } from './scriptedService.ts';
import { ASKED, FIRST, failure, ofRead, SUMS, scriptedTelemetry, WINDOW } from './scriptedTelemetry.ts';

const { service, adapter } = scriptedTelemetry();

describe('throttling', () => {
  it.each<[Record<string, string>, number]>([
    [{ 'retry-after': '7' }, 7],
    [{}, 30],
    [{ 'retry-after': '86400' }, 300],
  ])('with the headers %j is told at once, to wait for %d s', async (headers, seconds) => {
    service().script({ status: 429, headers, json: { error: { message: 'slow down' } } });
    const error = await failure(adapter().read(ASKED, WINDOW));
    expect(error).toMatchObject({
      kind: 'Throttled',
      retryAfterSeconds: seconds,
      message: expect.stringMatching(/slow down/),
    });
    expect(service().received).toHaveLength(1);
  });

  it('holds back the queries of every experiment until the time is over', async () => {
    service().script({ status: 429, headers: { 'retry-after': '1' } }, FIRST);
    const telemetry = adapter();
    await failure(telemetry.probe(ASKED));
    expect(await failure(telemetry.probe(ASKED))).toMatchObject({ kind: 'Throttled', retryAfterSeconds: 1 });
    expect(service().received).toHaveLength(1);
    await expect.poll(() => telemetry.probe(ASKED).then(() => 'ok', String), { timeout: 5000 }).toBe('ok');
    expect(service().received).toHaveLength(2);
  });

  it('and every other end of a query is told to who observes: status, bytes and error', async () => {
    const ends: QueryOutcome[] = [];
    let heldBack = 0;
    const telemetry = adapter({
      observe: () => (outcome) => void ends.push(outcome),
      onHeldBack: () => {
        heldBack += 1;
      },
    });
    service().script(FIRST, { status: 204 }, { status: 429, headers: { 'retry-after': '1' }, text: 'slow down' });
    await telemetry.probe(ASKED);
    await telemetry.probe(ASKED);
    await failure(telemetry.probe(ASKED));
    await failure(telemetry.probe(ASKED));
    expect(heldBack).toBe(1);
    expect(ends).toEqual([
      { status: 200, bytes: JSON.stringify(FIRST.json).length },
      { status: 204, bytes: 0 },
      { status: 429, bytes: 'slow down'.length, error: expect.objectContaining({ kind: 'Throttled' }) },
    ]);
  });

  it('of 503 with Retry-After is handed on without waiting', async () => {
    service().script({ status: 503, headers: { 'retry-after': '3600' } });
    expect(await failure(adapter().probe(ASKED))).toMatchObject({ kind: 'Unavailable', retryAfterSeconds: 300 });
  });

  it('never has more than five queries under way', async () => {
    let open = 0;
    let most = 0;
    service().script(async (response) => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setTimeout(resolve, 20));
      open -= 1;
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(FIRST.json));
    });
    const telemetry = adapter();
    // Of twelve workspaces: what is asked of one is asked together.
    const asked = Array.from({ length: 12 }, (_, index) => `00000000-0000-0000-0000-0000000000${10 + index}`).map(
      (workspaceId) => question({ source: { scope: 'workspace', workspaceId } }),
    );
    await Promise.all(asked.map((each) => telemetry.probe(each)));
    expect(service().received).toHaveLength(12);
    expect(most).toBe(5);
  });
});

describe('time', () => {
  /** Leaves the request unanswered; the promise is kept when the client has gone. */
  function hang(): { script: Script; arrived: Promise<void>; gone: Promise<unknown> } {
    const arrived = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<unknown>();
    return {
      script: (response) => {
        gone.resolve(once(response, 'close'));
        arrived.resolve();
      },
      arrived: arrived.promise,
      gone: arrived.promise.then(() => gone.promise),
    };
  }

  it('is bounded for each call, and the request is cancelled', async () => {
    const hanging = hang();
    service().script(hanging.script);
    const error = await failure(adapter({ timeoutSeconds: 0.5 }).probe(ASKED));
    expect(error).toMatchObject({ kind: 'Unavailable', message: expect.stringMatching(/within 0.5 s/) });
    await hanging.gone;
  });

  it('is bounded while the token endpoint says nothing', async () => {
    service().script(FIRST);
    service().scriptToken(() => {});
    expect(await failure(adapter({ timeoutSeconds: 0.5 }).probe(ASKED))).toMatchObject({ kind: 'Unavailable' });
  });

  it('ends with the signal: the request is cancelled, and the reason is handed on', async () => {
    const hanging = hang();
    const other = hang();
    service().script(ofRead(SUMS, hanging.script, other.script));
    const controller = new AbortController();
    const call = adapter().read(ASKED, WINDOW, controller.signal);
    await Promise.all([hanging.arrived, other.arrived]);
    const reason = new Error('the operator stops');
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await Promise.all([hanging.gone, other.gone]);
    expect(service().received).toHaveLength(3);
  });

  it('does not begin when the signal is aborted', async () => {
    service().script(FIRST);
    await expect(adapter().probe(ASKED, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    expect(service().received).toEqual([]);
  });
});

describe('sources outside of what the installation allows', () => {
  it('are not asked', async () => {
    service().script(FIRST);
    const telemetry = adapter({ allowedSources: { shop: ['other'] } });
    expect(await failure(telemetry.probe(ASKED))).toMatchObject({
      kind: 'Configuration',
      message: expect.stringMatching(/ALLOWED_SOURCES/),
    });
    expect(await failure(telemetry.read(ASKED, WINDOW))).toMatchObject({ kind: 'Configuration' });
    expect(service().received).toEqual([]);
  });

  it('are not reached by dots in a resource id', async () => {
    service().script(FIRST);
    const resourceId = '/subscriptions/s/resourceGroups/g/providers/p/../../../../workspaces/w';
    const error = await failure(adapter().probe(question({ source: { scope: 'resource', resourceId } })));
    expect(error).toMatchObject({ kind: 'Configuration' });
    expect(service().received).toEqual([]);
  });
});
