import type { Samples } from '../../src/core/samples/samples.ts';
import { resultsOf } from '../../src/core/status/results.ts';
import { evaluate } from '../../src/core/verdict/evaluate.ts';
import type { BenchOptions, BenchTable, Cell } from '../bench.ts';
import { quantile } from '../scale/figures.ts';
import { documentOf, samplesOf } from './look.ts';
import { type Answers, answersOf, PER_BLOCK, unboundedAnswersOf } from './traffic.ts';

/** What a look costs after its answers have come, stage by stage. */
export function stages({ short, tell }: BenchOptions): BenchTable {
  const rows = cases(short, [1, 100, 1000]).map(({ routes, blocks }): Cell[] => {
    tell(`stages of a look: ${routes} routes, ${blocks} blocks`);
    const answers = answersOf({ routes, blocks, fold: true });
    const texts = Object.fromEntries(Object.entries(answers).map(([name, table]) => [name, JSON.stringify(table)]));
    const times = repeat(short, () => timesOf(texts));
    const p50 = (stage: Stage): number =>
      quantile(
        times.map((each) => each[stage]),
        0.5,
      );
    const whole = times.map((time) => time.parse + time.read + time.document + time.evaluate + time.running);
    return [
      ...[routes, Math.min(routes, 50), blocks, Object.values(answers).reduce((sum, { rows }) => sum + rows.length, 0)],
      ...STAGES.map(p50),
      ...[quantile(whole, 0.5), quantile(whole, 0.99)],
    ];
  });
  return {
    title: 'One look, after its answers have come (ms of one thread)',
    columns: [
      ...[
        'routes in the data',
        'routes judged',
        'blocks',
        'rows of the answers',
        'JSON to tables',
        'tables to samples',
      ],
      ...['evidence document', 'evaluate', 'status while undecided', 'status of a verdict', 'look p50', 'look p99'],
    ],
    rows,
    notes: [
      `The stages are medians. A look is everything but the status of a verdict, which is made once. Each route has ${PER_BLOCK} requests a block of 30 s and version; 49 names are judged on their own, and the sum of all others.`,
    ],
  };
}

/** The engine alone, also with more routes than the operator ever gives it. */
export function engineAlone({ short, tell }: BenchOptions): BenchTable {
  const rows = cases(short, [1, 50, 100, 1000]).map(({ routes, blocks }): Cell[] => {
    tell(`engine alone: ${routes} routes, ${blocks} blocks`);
    const document = documentOf(joined(unboundedAnswersOf({ routes, blocks })), blocks);
    // Another one each time: what is known of a document is not made again.
    const times = repeat(short, () => elapsed(() => evaluate({ ...document })));
    const p50 = quantile(times, 0.5);
    return [routes, blocks, p50, quantile(times, 0.99), (1000 * p50) / routes];
  });
  return {
    title: 'The verdict engine alone, every route judged on its own',
    columns: ['routes', 'blocks', 'evaluate p50 (ms)', 'p99 (ms)', 'per route (µs)'],
    rows,
    notes: ['The operator never judges more than 50: this is what the bound saves.'],
  };
}

const STAGES = ['parse', 'read', 'document', 'evaluate', 'running', 'decided'] as const;
type Stage = (typeof STAGES)[number];

function timesOf(texts: Readonly<Record<string, string>>): Record<Stage, number> {
  const marks: number[] = [performance.now()];
  const mark = <T>(value: T): T => {
    marks.push(performance.now());
    return value;
  };
  const parsed = mark(Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, JSON.parse(text)])));
  const samples = mark(samplesOf(parsed as unknown as Answers));
  const document = mark(documentOf(samples, 120));
  const evaluation = mark(evaluate(document));
  mark(resultsOf(samples, document, { ...evaluation, verdict: 'Running' }));
  mark(resultsOf(samples, document, { ...evaluation, verdict: 'Pass' }));
  const [parse = 0, read = 0, made = 0, judged = 0, running = 0, decided = 0] = marks
    .slice(1)
    .map((at, index) => at - (marks[index] ?? 0));
  return { parse, read, document: made, evaluate: judged, running, decided };
}

function cases(short: boolean, routes: readonly number[]): { routes: number; blocks: number }[] {
  if (short) return [{ routes: 100, blocks: 10 }];
  return routes.flatMap((each) => [10, 120].map((blocks) => ({ routes: each, blocks })));
}

/** Repeats for three seconds, at least 20 and at most 500 times; the first tenth warms up and does not count. */
function repeat<T>(short: boolean, run: () => T): T[] {
  const until = performance.now() + (short ? 0 : 3000);
  const results: T[] = [];
  while (results.length < (short ? 3 : 20) || (performance.now() < until && results.length < 500)) results.push(run());
  return results.slice(Math.floor(results.length / 10));
}

function elapsed(run: () => unknown): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

function joined(parts: readonly Answers[]): Samples {
  return { routes: parts.flatMap((part) => samplesOf(part).routes), queries: [] };
}
