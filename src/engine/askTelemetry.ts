import type { Ask } from '../core/lifecycle/decision.ts';
import type { Answer, Answers } from '../core/lifecycle/world.ts';
import type { TelemetryQuestion } from '../core/query/question.ts';
import { type Telemetry, TelemetryError } from './ports/telemetry.ts';

/** Asks, and turns a source's refusal into an answer: what follows from it is the life cycle's to decide. */
export async function askTelemetry(
  telemetry: Telemetry,
  ask: Ask,
  question: TelemetryQuestion,
  signal: AbortSignal,
): Promise<Answers> {
  switch (ask.what) {
    case 'probe':
      return {
        probe: await answer(async () => {
          await telemetry.probe(question, signal);
          return true as const;
        }),
      };
    case 'firstCopy':
      return { firstCopy: await answer(() => telemetry.firstCopy(question, ask.since, signal)) };
    case 'trace': {
      const { start, end, routes } = ask;
      return { trace: await answer(() => telemetry.trace(question, { start, end }, routes, signal)) };
    }
    default: {
      const { start, end } = ask;
      const value = await answer(async () => ({
        start,
        end,
        samples: await telemetry.read(question, { start, end }, signal),
      }));
      return { [ask.what]: value };
    }
  }
}

async function answer<T>(call: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { ok: true, value: await call() };
  } catch (error) {
    if (!(error instanceof TelemetryError)) throw error;
    const { kind, message, retryAfterSeconds, isLate } = error;
    const what = kind === 'Configuration' ? 'Configuration' : 'Transient';
    return { ok: false, kind: what, message, retryAfterSeconds, ...(isLate && { isLate }) };
  }
}
