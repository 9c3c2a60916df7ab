/** One benchmark: `npm run bench -- NAME` runs bench/NAME.ts. */
export interface Bench {
  /** What its figures answer, as a sentence. */
  readonly question: string;
  run(options: BenchOptions): Promise<readonly BenchTable[]>;
}

export interface BenchOptions {
  /** True: as little as shows that the benchmark itself works. Its figures mean nothing. */
  readonly short: boolean;
  /** Says what is being done, for who waits. */
  readonly tell: (what: string) => void;
}

/** Figures as they are printed, written to bench/results.json and shown in docs/performance.md. */
export interface BenchTable {
  readonly title: string;
  /** With units. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** What has to be known to read it: conditions, sources of figures that were not measured here. */
  readonly notes?: readonly string[];
}

/** null: not measured, or it has no meaning. */
export type Cell = string | number | null;

/** The latest run of a benchmark, as bench/results.json keeps it by name. */
export interface BenchResult {
  /** ISO 8601. */
  readonly measuredAt: string;
  readonly machine: string;
  readonly question: string;
  readonly tables: readonly BenchTable[];
}
