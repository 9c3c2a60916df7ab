import type { ParseArgsOptionDescriptor } from 'node:util';
import type { ExitCode } from '../api/exitCodes.ts';
import type { Terminal } from './terminal.ts';

export interface CommandDescription {
  readonly name: string;
  /** What follows the name, as `FILE|-`; empty: nothing. */
  readonly operands: string;
  /** Least and most number of them. */
  readonly count: readonly [least: number, most: number];
  /** One line. */
  readonly summary: string;
  /** Paragraphs of its help. */
  readonly details: readonly string[];
  readonly options: Options;
  readonly examples: readonly string[];
  /** Its code, loaded when it is called: help needs no Kubernetes client. */
  load(): Promise<{ run(call: Call): Promise<ExitCode> }>;
}

export type Options = Readonly<Record<string, Option>>;

export interface Option extends ParseArgsOptionDescriptor {
  /** What stands for the value in help; absent for a flag without one. */
  readonly value?: string;
  readonly help: string;
}

/** A command as it was called. */
export interface Call {
  readonly operands: readonly string[];
  readonly values: Values;
  readonly terminal: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Standard input. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Fires at the first SIGINT, SIGTERM or SIGHUP. At the second one the process ends at once, after `lastWords`. */
  readonly interrupted: AbortSignal;
  /** What to write when the process is ended at once: what is left behind. Undefined: nothing is. */
  setLastWords(words: string | undefined): void;
}

export type Values = Readonly<Record<string, undefined | string | boolean | readonly (string | boolean)[]>>;
