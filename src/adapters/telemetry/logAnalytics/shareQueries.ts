import type { QueryTimeInterval } from '@azure/monitor-query-logs';
import type { TelemetryQuestion } from '../../../core/query/question.ts';
import { sharedAnswers, sharedQuery } from '../../../core/query/sharedQuery.ts';
import { type AnswerTable, SamplesError } from '../../../core/samples/table.ts';
import type { MonotonicClock } from '../../../engine/ports/clock.ts';
import { TelemetryError } from '../../../engine/ports/telemetry.ts';
import { createTurns, type Turn } from '../../turns.ts';
import { describeSource } from './allowSource.ts';
import { createPace } from './pace.ts';
import type { QueryClient } from './queryClient.ts';

export interface Asked {
  readonly source: TelemetryQuestion['source'];
  /** Those of one namespace do not hold up those of others. */
  readonly namespace: string;
  /** Who asks: queries of one asker do not wait for company of each other. */
  readonly asker: string;
  readonly kql: string;
  /** Of the times that it reads, in ms since the epoch. */
  readonly start: number;
  readonly end: number;
  /** Queries of one shape can be asked together: their columns of one name have one type. Undefined: it is asked alone. */
  readonly shape?: string;
  /** It comes before others, and does not wait for company. */
  readonly isUrgent?: boolean;
  /** Rows of the answer, at most or about. */
  readonly rows: number;
}

/** Asks Log Analytics, together with what others ask at the same time. */
export interface SharedQueries {
  /**
   * The primary table; undefined when the source holds no data at all (204).
   * @throws TelemetryError; the signal's reason when it is aborted
   */
  query(asked: Asked, signal: AbortSignal): Promise<AnswerTable | undefined>;
}

interface Waiting {
  readonly asked: Asked;
  readonly signal: AbortSignal;
  readonly since: number;
  /** With how many it may be asked at most, itself included. */
  company: number;
  readonly resolve: (answer: AnswerTable | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

/** Queries of one shape gather for this long after the last that was begun, unless there are enough for another before. */
const GATHER_MILLISECONDS = 1000;
/** Of one shared query. The service takes texts of megabytes; these bounds keep one query about as dear as the widest alone. */
const MOST_QUERIES = 64;
const MOST_CHARACTERS = 512 * 1024;
const MOST_ROWS = 40_000;
/** For how long a query that has failed by itself is not asked together with others. */
const ALONE_MILLISECONDS = 10 * 60_000;

/**
 * However many experiments ask, the service is asked within its limits: what is asked of one source at about the same time
 * is one query, as wide as it has to be for the pace that the service allows. Namespaces take turns. A shared query that is
 * refused, or whose answer cannot be read, is asked again in halves, until it is known whose fault it is.
 */
export function shareQueries(
  client: QueryClient,
  clock: Pick<MonotonicClock, 'monotonic' | 'setTimer'>,
  turn: Turn = createTurns(),
): SharedQueries {
  const pace = createPace();
  let waiting: Waiting[] = [];
  /** By source and shape: when the last query was begun, and for whom. */
  const begun = new Map<string, { readonly at: number; readonly askers: ReadonlySet<string> }>();
  /** By asker, source and shape: until when they are asked alone. */
  const alone = new Map<string, number>();
  /** In the order in which they were served last. */
  const served = new Map<string, number>();
  let turns = 0;
  let timer: { readonly at: number; readonly cancel: () => void } | undefined;

  function query(asked: Asked, signal: AbortSignal): Promise<AnswerTable | undefined> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const abandon = (): void => {
        waiting = waiting.filter((each) => each !== entry);
        reject(signal.reason);
      };
      const done =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          signal.removeEventListener('abort', abandon);
          settle(value);
        };
      const now = clock.monotonic();
      const isAlone = (alone.get(ownerOf(asked)) ?? 0) > now;
      const company = asked.shape === undefined || isAlone ? 1 : MOST_QUERIES;
      const entry: Waiting = { asked, signal, since: now, company, resolve: done(resolve), reject: done(reject) };
      signal.addEventListener('abort', abandon, { once: true });
      waiting.push(entry);
      pumpAt(Math.max(readyAt(entry, fullKinds()), now + pace.wait(now)), now);
    });
  }

  /** Infinity: when a query ends, there is another pump anyway. */
  function pumpAt(at: number, now: number): void {
    if (at <= now) pump();
    else if (Number.isFinite(at) && at < (timer?.at ?? Number.POSITIVE_INFINITY)) {
      timer?.cancel();
      timer = { at, cancel: clock.setTimer(Math.ceil(at - now), pump) };
    }
  }

  /** Begins what may begin. What waits is put into order only then: thousands may come at once. */
  function pump(): void {
    timer?.cancel();
    timer = undefined;
    while (waiting.length > 0) {
      const now = clock.monotonic();
      const paused = pace.wait(now);
      if (paused > 0) {
        pumpAt(now + paused, now);
        return;
      }
      const { batch, wait } = next(now);
      if (batch === undefined) {
        pumpAt(now + wait, now);
        return;
      }
      const begins = new Set(batch);
      waiting = waiting.filter((each) => !begins.has(each));
      pace.begin(now);
      const askers = new Set([...batch].map(({ asked }) => asked.asker));
      for (const each of batch.slice(0, 1)) begun.set(kindOf(each), { at: now, askers });
      turns += 1;
      for (const { asked } of batch) served.set(asked.namespace, turns);
      if (waiting.length === 0) served.clear();
      void run(batch);
    }
  }

  /** What is asked next; or the time until something has waited for company for long enough. */
  function next(now: number): { readonly batch?: readonly Waiting[]; readonly wait: number } {
    const inTurn = takingTurns();
    const full = fullKinds();
    const waits = inTurn.map((each) => readyAt(each, full) - now);
    const first = inTurn.find((_, index) => (waits[index] ?? 0) <= 0);
    if (first === undefined) return { wait: Math.min(Number.POSITIVE_INFINITY, ...waits) };
    const kind = kindOf(first);
    const batch: Waiting[] = [];
    let [characters, rows, company] = [0, 0, first.company];
    for (const each of [first, ...inTurn.filter((other) => other !== first && kindOf(other) === kind)]) {
      company = Math.min(company, each.company);
      characters += each.asked.kql.length;
      rows += each.asked.rows;
      if (batch.length > 0 && (batch.length >= company || characters > MOST_CHARACTERS || rows > MOST_ROWS)) break;
      batch.push(each);
    }
    return { batch, wait: 0 };
  }

  /** The urgent first, then the namespace that was served longest ago, then who has waited longest. */
  function takingTurns(): readonly Waiting[] {
    const place = new Map<Waiting, number>();
    const counts = new Map<string, number>();
    for (const each of waiting) {
      const { namespace } = each.asked;
      const count = counts.get(namespace) ?? 0;
      counts.set(namespace, count + 1);
      place.set(each, count);
    }
    return [...waiting].sort(
      (a, b) =>
        Number(b.asked.isUrgent === true) - Number(a.asked.isUrgent === true) ||
        (place.get(a) ?? 0) - (place.get(b) ?? 0) ||
        (served.get(a.asked.namespace) ?? 0) - (served.get(b.asked.namespace) ?? 0) ||
        a.since - b.since,
    );
  }

  /** Of which so many wait that no more could be asked together. */
  function fullKinds(): ReadonlySet<string> {
    const sums = new Map<string, { queries: number; rows: number; characters: number }>();
    for (const each of waiting) {
      const kind = kindOf(each);
      const sum = sums.get(kind) ?? { queries: 0, rows: 0, characters: 0 };
      sum.queries += 1;
      sum.rows += each.asked.rows;
      sum.characters += each.asked.kql.length;
      sums.set(kind, sum);
    }
    const isFull = ({ queries, rows, characters }: { queries: number; rows: number; characters: number }) =>
      queries >= MOST_QUERIES || rows > MOST_ROWS || characters > MOST_CHARACTERS;
    return new Set([...sums].filter(([, sum]) => isFull(sum)).map(([kind]) => kind));
  }

  function readyAt(each: Waiting, full: ReadonlySet<string>): number {
    const isInHurry = each.asked.isUrgent === true || each.company === 1 || full.has(kindOf(each));
    const last = isInHurry ? undefined : begun.get(kindOf(each));
    const isOnlyOne = last?.askers.size === 1 && last.askers.has(each.asked.asker);
    return last === undefined || isOnlyOne ? each.since : Math.max(each.since, last.at + GATHER_MILLISECONDS);
  }

  async function run(batch: readonly Waiting[]): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    const bounded = new AbortController();
    // It is given up when nobody wants to know any more.
    const leave = (): void => {
      if (batch.every(({ signal }) => signal.aborted)) bounded.abort(first.signal.reason);
    };
    for (const { signal } of batch) signal.addEventListener('abort', leave);
    try {
      await handOut(batch, await ask(batch, bounded.signal));
    } catch (error) {
      if (batch.length > 1 && mayBeOneOf(error)) separate(batch);
      else fail(batch, error);
    } finally {
      for (const { signal } of batch) signal.removeEventListener('abort', leave);
      // Not before: else more is answered than can be judged, and waits in memory.
      pace.end();
      pump();
    }
  }

  /** Each is judged at once: all of them together would hold up everything else for a tenth of a second. */
  async function handOut(batch: readonly Waiting[], answers: (AnswerTable | undefined)[]): Promise<void> {
    for (const { resolve } of batch) {
      await turn();
      resolve(answers.shift());
    }
  }

  async function ask(batch: readonly Waiting[], signal: AbortSignal): Promise<(AnswerTable | undefined)[]> {
    const all = batch.map(({ asked }) => asked);
    const [first] = all;
    if (first === undefined) return [];
    const timespan: QueryTimeInterval = {
      startTime: new Date(Math.min(...all.map(({ start }) => start))),
      endTime: new Date(Math.max(...all.map(({ end }) => end))),
    };
    if (all.length === 1) return [await client.query(first.source, first.kql, timespan, signal)];
    const kql = sharedQuery(all.map((each) => each.kql));
    const table = await client.query(first.source, kql, timespan, signal);
    return table === undefined ? all.map(() => undefined) : [...sharedAnswers(table, all.length)];
  }

  function separate(batch: readonly Waiting[]): void {
    for (const each of batch) each.company = Math.max(1, Math.floor(batch.length / 2));
    waiting = [...batch.filter(({ signal }) => !signal.aborted), ...waiting];
  }

  function fail(batch: readonly Waiting[], error: unknown): void {
    const now = clock.monotonic();
    for (const [owner, until] of alone) if (until <= now) alone.delete(owner);
    for (const { asked, reject } of batch) {
      if (asked.shape !== undefined && mayBeOneOf(error)) alone.set(ownerOf(asked), now + ALONE_MILLISECONDS);
      reject(error);
    }
  }

  return { query };
}

/** Of the query or of what it is about, not of the service: others need not have it. */
function mayBeOneOf(error: unknown): boolean {
  if (error instanceof SamplesError) return true;
  return error instanceof TelemetryError && ['Configuration', 'Partial', 'Malformed'].includes(error.kind);
}

function kindOf({ asked }: Waiting): string {
  return `${asked.shape ?? ''}\n${describeSource(asked.source)}`;
}

function ownerOf({ asker, shape, source }: Asked): string {
  return [shape, describeSource(source), asker].join('\n');
}
