import { setTimeout as delay } from 'node:timers/promises';
import { besideLiveUsers, type LiveFigures, type Phase } from './liveUsers.ts';
import { watchMoments } from './moments.ts';
import { openShop, type Reload, type Shop } from './shop.ts';
import type { Stage } from './stage.ts';

/** When it was, of one experiment: milliseconds since the epoch, on one machine's clock. */
export interface Times {
  readonly applyBegan: number;
  readonly applyReturned: number;
  readonly candidateReady: number;
  readonly mirrorWritten: number;
  readonly firstCopy: number;
  readonly verdict: number;
  readonly mirrorTakenOut: number;
  readonly lastCopy: number;
  readonly complete: number;
}

export interface Repeated {
  readonly reload: Reload;
  readonly times: readonly Times[];
  /** Of the verdicts. */
  readonly reasons: readonly string[];
  readonly live: readonly LiveFigures[];
}

export interface RepeatOptions {
  /** Of experiments. */
  readonly repetitions: number;
  /** Of Envoy’s pod, for comparison. */
  readonly replacements: number;
  readonly baselineSeconds: number;
  /** Of each of the two kinds of live users. */
  readonly requestsPerSecond: number;
  readonly tell: (what: string) => void;
}

/** Bound on an experiment, from apply until it is gone. */
const MOST_SECONDS = 120;

export async function repeat(stage: Stage, reload: Reload, options: RepeatOptions): Promise<Repeated> {
  const { repetitions, replacements, requestsPerSecond, baselineSeconds, tell } = options;
  const shop = await openShop(stage, reload);
  const moments = watchMoments(stage.kubeconfig, shop.namespace);
  const times: Times[] = [];
  const reasons: string[] = [];
  const inTurn = async (count: number, task: (index: number) => Promise<void>): Promise<void> => {
    for (let index = 0; index < count; index++) await task(index);
  };
  // What replacing Envoy's pod costs by itself.
  const control: Phase = {
    title: `not mirrored, Envoy replaced ${replacements}x by kubectl rollout restart`,
    work: () => inTurn(replacements, shop.replaceEnvoy),
  };
  try {
    const live = await besideLiveUsers(
      { url: shop.url, requestsPerSecond, warmupSeconds: baselineSeconds / 5, mostSeconds: MOST_SECONDS * repetitions },
      [
        { title: 'before the first experiment', work: () => delay(baselineSeconds * 1000) },
        ...(reload === 'static' ? [control] : []),
        { title: `mirrored and switched ${2 * repetitions}x`, work: () => inTurn(repetitions, run) },
      ],
    );
    return { reload, times, reasons, live };
  } finally {
    await moments.stop();
    await shop.stop();
  }

  async function run(index: number): Promise<void> {
    const name = `v4-${index + 1}`;
    moments.follow(name);
    const each = await observe(name);
    times.push(each);
    reasons.push(moments.reason());
    const [on, off] = [each.firstCopy - each.applyBegan, each.lastCopy - each.verdict];
    tell(`${reload} ${times.length} of ${repetitions}: first copy after ${on} ms, last copy after ${off} ms`);
    await stage.run(['-n', shop.namespace, 'delete', 'mexp', name, '--wait=false']);
    await moments.at('gone', 30);
  }

  async function observe(name: string): Promise<Times> {
    const applyBegan = Date.now();
    await shop.apply(name);
    const applyReturned = Date.now();
    const verdict = await moments.at('verdict', MOST_SECONDS);
    const complete = await moments.at('complete', MOST_SECONDS);
    await untilGone(shop);
    const copies = await shop.copies(name);
    const [firstCopy, lastCopy] = [copies[0], copies.at(-1)];
    if (firstCopy === undefined || lastCopy === undefined) throw new Error(`${name}: the candidate got no copy`);
    const [candidateReady, mirrorWritten, mirrorTakenOut] = await Promise.all(
      (['candidateReady', 'mirrorWritten', 'mirrorTakenOut'] as const).map((moment) => moments.at(moment, 5)),
    );
    if (candidateReady === undefined || mirrorWritten === undefined || mirrorTakenOut === undefined) {
      throw new Error(`${name}: a moment is missing`);
    }
    return {
      ...{ applyBegan, applyReturned, candidateReady, mirrorWritten, firstCopy },
      ...{ verdict, mirrorTakenOut, lastCopy, complete },
    };
  }
}

/** Who is gone gets no copy. */
async function untilGone(shop: Shop): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (shop.hasCandidate()) {
    if (Date.now() > deadline) throw new Error('the candidate still runs a minute after the end of its experiment');
    await delay(50);
  }
}
