import type { RequestRow } from '../../../demo/azure-monitor/index.ts';
import type { TelemetryQuestion } from '../../../src/core/query/question.ts';
import type { ArmSamples, RouteSamples } from '../../../src/core/samples/samples.ts';
import type { TelemetryWindow } from '../../../src/engine/ports/telemetry.ts';

const METHODS = 'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH'.split(' ');

/** What the adapter must find in rows, computed one row after another: no query, no sums of sums. */
export function expectedRoutes(
  rows: readonly RequestRow[],
  question: TelemetryQuestion,
  window: TelemetryWindow,
): RouteSamples[] {
  const counted = rows.filter((row) => counts(row, question, window));
  const isLive = (row: RequestRow): boolean => versionOf(row, question) === question.liveVersion;
  const firstLive = new Map<string, number>();
  for (const row of counted.filter(isLive)) {
    const at = row.timestamp.getTime();
    firstLive.set(row.name, Math.min(at, firstLive.get(row.name) ?? at));
  }
  const named = [...firstLive.keys()]
    .filter((name) => !['', '(all)', '(other)'].includes(name))
    .sort((a, b) => (firstLive.get(a) ?? 0) - (firstLive.get(b) ?? 0) || (a < b ? -1 : 1))
    .slice(0, 49);
  const routeOf = (row: RequestRow): string => (named.includes(row.name) ? row.name : '(other)');
  const routes = [...named, ...(counted.some((row) => routeOf(row) === '(other)') ? ['(other)'] : [])];
  const anyPair = routes.some(
    (route) =>
      pairsOf(
        counted.filter((row) => routeOf(row) === route),
        isLive,
        question,
      ).count > 0,
  );
  return routes.map((name) => {
    const own = counted.filter((row) => routeOf(row) === name);
    return {
      name,
      live: arm(own.filter(isLive)),
      mirror: arm(own.filter((row) => !isLive(row))),
      blocks: blocksOf(own, isLive, question, window),
      pairs: anyPair ? pairsOf(own, isLive, question) : null,
    };
  });
}

function versionOf(row: RequestRow, question: TelemetryQuestion): string | undefined {
  return row.properties?.[question.versionProperty];
}

function counts(row: RequestRow, question: TelemetryQuestion, window: TelemetryWindow): boolean {
  const version = versionOf(row, question);
  const at = row.timestamp.getTime();
  const method = row.name.split(' ')[0] ?? '';
  return (
    (version === question.liveVersion || version === question.mirrorVersion) &&
    at >= window.start &&
    at < window.end &&
    (question.methods.includes('*') || question.methods.includes(method) || !METHODS.includes(method)) &&
    (question.include.length === 0 || question.include.includes(row.name)) &&
    !question.exclude.includes(row.name) &&
    (!row.success || (row.durationMilliseconds >= 0 && row.durationMilliseconds <= 86_400_000_000))
  );
}

function weightOf(row: RequestRow): number {
  return Math.max(1, row.itemCount ?? 1);
}

function bucketOf(row: RequestRow): number {
  if (row.durationMilliseconds === 0) return -349;
  return Math.max(-349, Math.ceil(Math.log(row.durationMilliseconds) / Math.log(1.02) - 1e-9));
}

function sum(rows: readonly RequestRow[], value: (row: RequestRow) => number): number {
  return rows.reduce((total, row) => total + value(row), 0);
}

function arm(rows: readonly RequestRow[]): ArmSamples {
  const good = rows.filter(({ success }) => success);
  const bad = rows.filter(({ success }) => !success);
  const histogram: Record<string, number> = {};
  for (const row of good) histogram[bucketOf(row)] = (histogram[bucketOf(row)] ?? 0) + weightOf(row);
  const resultCodes: Record<string, number> = {};
  for (const row of rows) {
    const code = /^\d{1,3}$/.test(row.resultCode) ? String(Number(row.resultCode)) : '(other)';
    resultCodes[code] = (resultCodes[code] ?? 0) + weightOf(row);
  }
  return {
    items: rows.length,
    errorItems: bad.length,
    requests: sum(rows, weightOf),
    errors: sum(bad, weightOf),
    sumSquaredWeights: sum(rows, (row) => weightOf(row) ** 2),
    successSumSquaredWeights: sum(good, (row) => weightOf(row) ** 2),
    histogram,
    sumMilliseconds: sum(good, (row) => row.durationMilliseconds * weightOf(row)),
    sumSquaredMilliseconds: sum(good, (row) => row.durationMilliseconds ** 2 * weightOf(row)),
    resultCodes,
  };
}

type IsLive = (row: RequestRow) => boolean;

function blocksOf(
  rows: readonly RequestRow[],
  isLive: IsLive,
  question: TelemetryQuestion,
  window: TelemetryWindow,
): RouteSamples['blocks'] {
  const limits = question.latency.map(({ percentile }) => {
    // One entry a request, not a row: the percentile is that of requests.
    const requests = rows
      .filter((row) => isLive(row) && row.success)
      .flatMap((row) => Array.from({ length: weightOf(row) }, () => bucketOf(row)))
      .sort((a, b) => a - b);
    const rank = Math.ceil((percentile * requests.length) / 100 - 1e-9);
    return { percentile, bucket: requests[rank - 1] };
  });
  const starts = [
    ...new Set(
      rows.map(({ timestamp }) => {
        const seconds = (timestamp.getTime() - window.start) / 1000;
        return Math.floor(seconds / question.intervalSeconds) * question.intervalSeconds;
      }),
    ),
  ].sort((a, b) => a - b);
  return starts.map((start) => {
    const from = window.start + start * 1000;
    const inside = rows.filter(({ timestamp }) => {
      return timestamp.getTime() >= from && timestamp.getTime() < from + question.intervalSeconds * 1000;
    });
    const side = (own: RequestRow[]): RouteSamples['blocks'][number]['live'] => ({
      items: own.length,
      errorItems: own.filter(({ success }) => !success).length,
      atOrBelow: Object.fromEntries(
        limits.map(({ percentile, bucket }) => [
          percentile,
          own.filter((row) => row.success && bucket !== undefined && bucketOf(row) <= bucket).length,
        ]),
      ),
    });
    return { start, live: side(inside.filter(isLive)), mirror: side(inside.filter((row) => !isLive(row))) };
  });
}

function pairsOf(
  rows: readonly RequestRow[],
  isLive: IsLive,
  question: TelemetryQuestion,
): NonNullable<RouteSamples['pairs']> {
  const gate = question.latency.find(({ percentile }) => percentile === 50) ?? question.latency[0];
  const pairs = { count: 0, onlyMirrorFailed: 0, onlyLiveFailed: 0, slower: 0 };
  const groups = Map.groupBy(
    rows.filter(({ operationId }) => operationId !== undefined && operationId !== ''),
    ({ operationId, name }) => JSON.stringify([operationId, name]),
  );
  for (const group of groups.values()) {
    const [live, ...moreLive] = group.filter(isLive);
    const [mirror, ...moreMirror] = group.filter((row) => !isLive(row));
    if (live === undefined || mirror === undefined || moreLive.length + moreMirror.length > 0) continue;
    pairs.count += 1;
    if (live.success && !mirror.success) pairs.onlyMirrorFailed += 1;
    if (!live.success && mirror.success) pairs.onlyLiveFailed += 1;
    if (live.success && mirror.success && gate !== undefined) {
      const tolerated = Math.max(
        (live.durationMilliseconds * gate.maxIncreasePercent) / 100,
        gate.maxIncreaseMilliseconds,
      );
      if (mirror.durationMilliseconds > live.durationMilliseconds + tolerated) pairs.slower += 1;
    }
  }
  return pairs;
}
