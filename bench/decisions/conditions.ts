import type { Random } from '../../test/support/random.ts';

/** What is so in one second. */
export interface Conditions {
  /** Factor on the number of requests. */
  readonly load: number;
  /** Factors on the latency: of both versions, and of one only. */
  readonly slowdown: number;
  readonly liveSlowdown: number;
  readonly mirrorSlowdown: number;
  /** Share of the requests that fails in both versions, each for itself, besides the service's own failures. */
  readonly moreErrors: number;
}

/** Second after second, from the first that is asked for. */
type Process = (random: Random) => (second: number) => Conditions;

const NORMAL: Conditions = { load: 1, slowdown: 1, liveSlowdown: 1, mirrorSlowdown: 1, moreErrors: 0 };

export const STEADY: Process = () => () => NORMAL;

/** ±30 % with a period of half an hour that begins anywhere, and 20 % slower each hour; both versions alike. */
export const drift: Process = (random) => {
  const phase = random.uniform();
  return (second) => ({
    ...NORMAL,
    slowdown: (1 + 0.3 * Math.sin(2 * Math.PI * (second / 1800 + phase))) * (1 + (0.2 * second) / 3600),
  });
};

/**
 * Both versions alike: bursts of 20 s, one every 5 min on average, with three times the requests and twice the latency;
 * and incidents of 15 s, one every 15 min, in which a fifth of the requests fails.
 */
export const bursts: Process = (random) => {
  const burst = phases(random, 20 / 300, 20);
  const incident = phases(random, 15 / 900, 15);
  return () => {
    const isBurst = burst();
    return { ...NORMAL, load: isBurst ? 3 : 1, slowdown: isBurst ? 2 : 1, moreErrors: incident() ? 0.2 : 0 };
  };
};

/** The latency of mirror's pod wanders: autoregressive, 5 % (standard deviation of the logarithm), correlated over 60 s. */
export const arPod: Process = (random) => {
  const memory = Math.exp(-1 / 60);
  let state = 0.05 * random.normal();
  return () => {
    state = memory * state + 0.05 * Math.sqrt(1 - memory ** 2) * random.normal();
    return { ...NORMAL, mirrorSlowdown: Math.exp(state) };
  };
};

/** Each pod for itself is three times as slow for 7 % of the time, 5 s at a time. */
export const pausesOfEachPod: Process = (random) => {
  const live = phases(random, 0.07, 5);
  const mirror = phases(random, 0.07, 5);
  return () => ({ ...NORMAL, liveSlowdown: live() ? 3 : 1, mirrorSlowdown: mirror() ? 3 : 1 });
};

/** The same pauses, in mirror's pod only: over the hour, its p95 is more than the tolerance above live's. */
export const mirrorPauses: Process = (random) => {
  const mirror = phases(random, 0.07, 5);
  return () => ({ ...NORMAL, mirrorSlowdown: mirror() ? 3 : 1 });
};

/** Random phases that take up `share` of the time and last `seconds` on average; asked once for each second. */
function phases(random: Random, share: number, seconds: number): () => boolean {
  let is = random.chance(share);
  return () => {
    const now = is;
    is = is ? !random.chance(1 / seconds) : random.chance(share / (1 - share) / seconds);
    return now;
  };
}
