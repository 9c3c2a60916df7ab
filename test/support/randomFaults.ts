import type { GatewayFault, GatewayRequest } from './apiGateway.ts';
import type { Random } from './random.ts';
import type { TelemetryFault, TelemetryRequest } from './telemetryGateway.ts';

const API_FAULTS: readonly GatewayFault[] = [
  { kind: 'answer', status: 409 },
  { kind: 'answer', status: 410 },
  { kind: 'answer', status: 429, retryAfterSeconds: 1 },
  { kind: 'answer', status: 500 },
  { kind: 'answer', status: 503, retryAfterSeconds: 1 },
  { kind: 'delay', milliseconds: 1500 },
  { kind: 'cut', when: 'before' },
  { kind: 'cut', when: 'after' },
];

/** About one request in `oneIn` meets a fault; a watch is not held up until it ends. */
export function randomApiFault({ kind }: GatewayRequest, random: Random, oneIn: number): GatewayFault | undefined {
  const [chance, which] = [random.uniform(), random.integer(API_FAULTS.length)];
  if (chance > 1 / oneIn) return undefined;
  const fault = API_FAULTS[which];
  return kind === 'watch' && fault?.kind === 'cut' ? { kind: 'cut', when: 'before' } : fault;
}

const QUERY_FAULTS: readonly TelemetryFault[] = [
  { kind: 'throttled', retryAfterSeconds: 1 },
  { kind: 'status', status: 401 },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 503, retryAfterSeconds: 2 },
  { kind: 'html', status: 200 },
  { kind: 'html', status: 502 },
  { kind: 'noContent' },
  { kind: 'empty' },
  { kind: 'partial' },
  { kind: 'noRows' },
  { kind: 'truncated' },
  { kind: 'cut' },
  { kind: 'reset' },
  { kind: 'hang' },
  { kind: 'slow', milliseconds: 1500 },
];
const TOKEN_FAULTS: readonly TelemetryFault[] = [
  { kind: 'token', status: 400 },
  { kind: 'token', status: 401 },
  { kind: 'token', status: 429 },
  { kind: 'token', status: 500 },
  { kind: 'token', status: 503 },
  { kind: 'hang' },
  { kind: 'reset' },
];

export function randomTelemetryFault(
  { endpoint }: TelemetryRequest,
  random: Random,
  oneIn: number,
): TelemetryFault | undefined {
  const faults = endpoint === 'token' ? TOKEN_FAULTS : QUERY_FAULTS;
  const [chance, which] = [random.uniform(), random.integer(faults.length)];
  return chance > 1 / oneIn ? undefined : faults[which];
}
