import { describe, expect, it } from 'vitest';
import { withDeadline } from '../../../../src/adapters/telemetry/logAnalytics/withDeadline.ts';
import { TelemetryError } from '../../../../src/engine/ports/telemetry.ts';

const forever = (): Promise<never> => new Promise(() => {});

describe('withDeadline', () => {
  it('gives the result of a task that ends in time, whose signal stays quiet', async () => {
    let seen: AbortSignal | undefined;
    const result = withDeadline(10, undefined, async (signal) => {
      seen = signal;
      return 7;
    });
    await expect(result).resolves.toBe(7);
    expect(seen?.aborted).toBe(false);
  });

  it('ends a task that does not listen, and aborts its signal', async () => {
    let seen: AbortSignal | undefined;
    const result = withDeadline(0.01, undefined, (signal) => {
      seen = signal;
      return forever();
    });
    await expect(result).rejects.toThrow(expect.objectContaining({ kind: 'Unavailable' }));
    expect(seen?.reason).toBeInstanceOf(TelemetryError);
  });

  it("hands on the caller's reason", async () => {
    const reason = new Error('stopping');
    const controller = new AbortController();
    const result = withDeadline(10, controller.signal, forever);
    controller.abort(reason);
    await expect(result).rejects.toBe(reason);
    await expect(withDeadline(10, controller.signal, async () => 1)).rejects.toBe(reason);
  });
});
