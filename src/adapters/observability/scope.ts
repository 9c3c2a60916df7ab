import { AsyncLocalStorage } from 'node:async_hooks';

/** What a log line tells about the experiment that it is about. */
export interface ExperimentFields {
  readonly namespace: string;
  readonly experiment: string;
  /** Absent when the experiment is gone. */
  readonly uid?: string;
}

/** Runs work on an experiment: what is logged meanwhile, however deep below, is about that experiment. */
export function inScope<T>(fields: ExperimentFields, work: () => T): T {
  return scopes.run(fields, work);
}

/** The experiment that is worked on; undefined outside of a reconcile. */
export function currentScope(): ExperimentFields | undefined {
  return scopes.getStore();
}

const scopes = new AsyncLocalStorage<ExperimentFields>();
