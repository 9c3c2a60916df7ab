import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { TOKEN_PREFIX } from './scriptedService.ts';
import { ASKED, FIRST, failure, scriptedTelemetry } from './scriptedTelemetry.ts';

const { service, adapter } = scriptedTelemetry();

describe('tokens', () => {
  it('that cannot be had are Unauthorized, with what the token endpoint says', async () => {
    service().script(FIRST);
    const refusal = {
      error: 'invalid_client',
      error_description: 'AADSTS700024: Client assertion is not within its time',
    };
    service().scriptToken({ status: 401, json: refusal });
    const error = await failure(adapter().probe(ASKED));
    expect(error).toMatchObject({
      kind: 'Unauthorized',
      message: expect.stringMatching(/AZURE_FEDERATED_TOKEN_FILE.*AADSTS700024/),
    });
    expect(service().received).toEqual([]);
  });

  it('are asked for again after a failure', async () => {
    service().script(FIRST);
    const telemetry = adapter();
    service().scriptToken({
      status: 503,
      json: { error: 'temporarily_unavailable', error_description: 'AADSTS90033' },
    });
    expect(await failure(telemetry.probe(ASKED))).toMatchObject({
      kind: 'Unavailable',
      message: expect.stringMatching(/token endpoint/),
    });
    expect(service().tokenRequests).toHaveLength(1);
    service().scriptToken(undefined);
    await expect(telemetry.probe(ASKED)).resolves.toBeUndefined();
  });

  it.each([401, 403])('are replaced after %d', async (status) => {
    service().script({ status }, FIRST);
    const telemetry = adapter();
    await failure(telemetry.probe(ASKED));
    await telemetry.probe(ASKED);
    expect(new Set(service().received.map(({ authorization }) => authorization)).size).toBe(2);
  });

  it('never get into an error', async () => {
    for (const script of [
      { status: 401 },
      { status: 500 },
      { json: {} },
      (r: { destroy(): unknown }) => void r.destroy(),
    ]) {
      service().script(script);
      const error = await failure(adapter().probe(ASKED));
      const shown = `${inspect(error, { depth: 20, showHidden: true })} ${JSON.stringify(error)} ${error.stack}`;
      expect(service().received[0]?.authorization).toContain(TOKEN_PREFIX);
      expect(shown).not.toContain(TOKEN_PREFIX);
    }
    service().scriptToken({ status: 400, json: { error: 'invalid_request', error_description: 'AADSTS1: no' } });
    const error = await failure(adapter().probe(ASKED));
    const assertion = service().tokenRequests.at(-1)?.get('client_assertion') ?? '';
    expect(assertion).not.toBe('');
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(assertion);
  });
});
