import { isRequired } from './evaluate.ts';
import type { Evaluation } from './evaluation.ts';
import { ALL_ROUTES, type EvidenceDocument, type EvidenceRoute } from './evidence.ts';
import { groupsOf, mirrorFraction } from './groups.ts';

/** Why copies leave so few traces that the rest of the time will not make a Pass of it. */
export interface LastingLoss {
  readonly reason: 'NoMirrorTelemetry' | 'LostCopies';
  readonly message: string;
}

/** Blocks of silence after which a candidate is taken to report no more: with the defaults five minutes after settling. */
const SILENT_BLOCKS = 10;

/**
 * A loss lasts when it is there in each of so many stretches in a row. The last one alone says little, because telemetry of
 * one version may come later than settleSeconds; and what has ended meanwhile may still be outweighed.
 */
const STRETCHES = 3;
const STRETCH_BLOCKS = 5;

/**
 * A loss of copies that is certain and lasts. The evaluation itself fails a candidate that loses more than half of its
 * copies, and leaves anything less open until the deadline; but a Pass needs nearly all of them.
 * @param blockSeconds length of the document's blocks
 */
export function lastingLoss(
  document: EvidenceDocument,
  evaluation: Evaluation,
  blockSeconds: number,
): LastingLoss | undefined {
  return silence(document, blockSeconds) ?? loss(document, evaluation, blockSeconds);
}

function silence(document: EvidenceDocument, blockSeconds: number): LastingLoss | undefined {
  const seconds = SILENT_BLOCKS * blockSeconds;
  if (document.elapsedSeconds < seconds) return undefined;
  const [all] = groupsOf(document);
  if (all === undefined) return undefined;
  const recent = countIn(all.route, document.elapsedSeconds - seconds, document.elapsedSeconds);
  const expected = recent.live * mirrorFraction(document);
  if (recent.mirror > 0 || expected < document.analysis.minRequests) return undefined;
  const message = `the candidate has fallen silent: in the last ${seconds} s live reported ${Math.round(recent.live)} requests and the candidate none of the copies; look at its log, and whether its telemetry is still sent`;
  return { reason: 'NoMirrorTelemetry', message };
}

function loss(document: EvidenceDocument, evaluation: Evaluation, blockSeconds: number): LastingLoss | undefined {
  const { minRequests, coverage } = document.analysis;
  const fraction = mirrorFraction(document);
  const stretch = STRETCH_BLOCKS * blockSeconds;
  const begin = document.elapsedSeconds - STRETCHES * stretch;
  if (begin < 0) return undefined;
  for (const [index, group] of groupsOf(document).entries()) {
    const gate = evaluation.routes[index]?.gates.find((each) => each.gate === 'coverage');
    if (gate === undefined || gate.verdict === 'Pass' || !isRequired(document, group)) continue;
    if (gate.effectiveLive < minRequests || gate.logEvidenceFail < gate.threshold) continue;
    const stretches = Array.from({ length: STRETCHES }, (_, nth) =>
      countIn(group.route, begin + nth * stretch, begin + (nth + 1) * stretch),
    );
    const lasts = stretches.every(({ live, mirror }) => mirror < (1 - coverage.maxLossPercent / 100) * fraction * live);
    if (!lasts) continue;
    const counts = countIn(group.route, begin, document.elapsedSeconds - stretch);
    if (counts.live * fraction < minRequests) continue;
    return { reason: 'LostCopies', message: describeLoss(document, group.route, counts, (STRETCHES - 1) * stretch) };
  }
  return undefined;
}

interface Counts {
  readonly live: number;
  readonly mirror: number;
}

/** Requests of the blocks that begin in [from, to), sampling undone by the mean weight of the arm. */
function countIn({ live, mirror, blocks }: EvidenceRoute, from: number, to: number): Counts {
  const weight = ({ requests, items }: EvidenceRoute['live']) => (items > 0 ? requests / items : 1);
  const [ofLive, ofMirror] = [weight(live), weight(mirror)];
  const counts = { live: 0, mirror: 0 };
  for (const block of blocks) {
    if (block.start < from || block.start >= to) continue;
    counts.live += block.live.items * ofLive;
    counts.mirror += block.mirror.items * ofMirror;
  }
  return counts;
}

function describeLoss(document: EvidenceDocument, { name }: EvidenceRoute, counts: Counts, seconds: number): string {
  const expected = counts.live * mirrorFraction(document);
  const lost = (100 * (expected - counts.mirror)) / expected;
  const where = name === ALL_ROUTES ? 'all routes together' : name;
  const tolerated = document.analysis.coverage.maxLossPercent;
  return `${lost.toFixed(1)} % of the copies of ${where} left no trace in the candidate’s telemetry (tolerated ${tolerated} %): of ${Math.round(expected)} copies in ${seconds} s ${Math.round(counts.mirror)} are there, and it goes on, so no Pass can come of it; copies are dropped by the limits of the mirror cluster in Envoy (upstream_rq_pending_overflow), by its time limit for a copy (15 s, or that of the route), by limits on bodies, and by a candidate that restarts, refuses them before it reports them, or loses telemetry`;
}
