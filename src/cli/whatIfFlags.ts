import type { WhatIf } from '../core/evidence/whatIf.ts';
import type { LatencyTolerance } from '../core/verdict/evidence.ts';
import type { Values } from './command.ts';
import { UsageError } from './usageError.ts';
import { booleanOf, numberOf, textsOf } from './values.ts';

/** The tolerances that the flags ask for; without flags an object without fields. */
export function readWhatIf(values: Values): WhatIf {
  const latency = new Map(textsOf(values, 'latency').map(parseLatency));
  const given = {
    falseAlarmPercent: numberOf(values, 'false-alarm-percent'),
    minRequests: numberOf(values, 'min-requests'),
    latency: latency.size > 0 ? latency : undefined,
    maxIncreaseBasisPoints: numberOf(values, 'max-error-increase-basis-points'),
    maxLossPercent: numberOf(values, 'max-loss-percent'),
    deadline: booleanOf(values, 'deadline'),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** `p95=10%,20ms`, with `,fail-only`; `p99=off`. */
export function parseLatency(
  text: string,
): [percentile: number, tolerance: Omit<LatencyTolerance, 'percentile'> | null] {
  const [, percentile, rest = ''] = /^p([1-9]\d?)=(.+)$/.exec(text) ?? [];
  const wrong = new UsageError(
    `--latency ${text}: must be such as p95=10%,20ms or p99=25%,50ms,fail-only; p99=off leaves the gate out`,
  );
  if (percentile === undefined) throw wrong;
  if (rest === 'off') return [Number(percentile), null];
  const found = { percent: 0, ms: 0, failOnly: false };
  const seen = new Set<string>();
  for (const part of rest.split(',')) {
    const [, amount, unit] = /^(\d+(?:\.\d+)?)(%|ms)$/.exec(part) ?? [];
    const kind = part === 'fail-only' ? part : unit;
    if (kind === undefined || seen.has(kind)) throw wrong;
    seen.add(kind);
    if (kind === 'fail-only') found.failOnly = true;
    else if (kind === '%') found.percent = Number(amount);
    else found.ms = Number(amount);
  }
  if (!seen.has('%') && !seen.has('ms')) throw wrong;
  const tolerance = { maxIncreasePercent: found.percent, maxIncreaseMilliseconds: found.ms };
  return [Number(percentile), { ...tolerance, ...(found.failOnly && { failOnly: true }) }];
}
