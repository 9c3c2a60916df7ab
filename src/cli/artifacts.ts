import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT_CODES, type ExitCode } from '../api/exitCodes.ts';
import { recordAt, stringAt } from '../core/kubernetes/fields.ts';
import { type Reader, readEvidenceOf } from './clusterEvidence.ts';
import type { Call } from './command.ts';
import { experimentResult, type SeenExperiment } from './experimentResult.ts';
import { plain } from './output/plain.ts';
import { render } from './output/render.ts';
import type { Result } from './output/result.ts';
import { renderMarkdown } from './report/renderMarkdown.ts';
import { renderReport } from './report/renderReport.ts';
import { UsageError } from './usageError.ts';
import { textOf } from './values.ts';

/**
 * What a pipeline keeps of a run, as files of a directory. Each call replaces what the earlier one wrote. Only `complete`
 * throws when they cannot be written: as long as an experiment goes on, following and ending it goes first.
 */
export interface Artifacts {
  /**
   * The run has begun: a pipeline whose command is killed finds what it has to delete.
   * @param cleans whether the command deletes the experiment when it ends before it
   */
  started(experiment: SeenExperiment, cleans: boolean): Promise<void>;
  /** A later state, told when the command ends before the experiment. */
  see(experiment: SeenExperiment): void;
  /** The command ends before the experiment. */
  ended(exitCode: 4 | 130, why: string): Promise<void>;
  /** Nothing is left that the command would have to delete: it is deleted and restored, or somebody else's by now. */
  released(): Promise<void>;
  complete(experiment: SeenExperiment, reader: Reader): Promise<void>;
}

/** The files, by what is in them. */
const FILES = {
  variables: 'result.env',
  json: 'result.json',
  junit: 'junit.xml',
  summary: 'summary.md',
  report: 'report.html',
} as const;

const NOTHING: Artifacts = {
  started: async () => {},
  see: () => {},
  ended: async () => {},
  released: async () => {},
  complete: async () => {},
};

/**
 * Runs a command that keeps artifacts in the directory that --artifacts names, if any. What an earlier run left there is
 * removed first. An error of the command is kept too, and thrown on.
 * @param subject what the command is about, while no experiment is known
 * @throws UsageError before the command is run, when the directory cannot be written
 */
export async function withArtifacts(
  call: Call,
  subject: string,
  command: (artifacts: Artifacts) => Promise<ExitCode>,
): Promise<ExitCode> {
  const directory = textOf(call.values, 'artifacts');
  if (directory === undefined) return command(NOTHING);
  if (directory === '') throw new UsageError('--artifacts must not be empty');
  await clear(directory);
  const { artifacts, fail } = artifactsIn(directory, subject, call);
  try {
    return await command(artifacts);
  } catch (error) {
    await fail(error);
    throw error;
  }
}

function artifactsIn(directory: string, subject: string, { terminal, interrupted }: Call) {
  let last: SeenExperiment | undefined;
  let kept: Result | undefined;
  let cleans = false;
  const keep = (result: Result, summary?: string): Promise<void> => {
    kept = result;
    return writeResult(directory, result, cleans, summary);
  };
  const tryToKeep = async (result: Result): Promise<void> => {
    await keep(result).catch((error: unknown) => terminal.err(`warning: ${plain(messageOf(error))}\n`));
  };
  const known = (): Result | undefined => (last === undefined ? undefined : experimentResult(last));
  const artifacts: Artifacts = {
    started: async (experiment, cleansUp) => {
      last = experiment;
      cleans = cleansUp;
      await tryToKeep(experimentResult(experiment));
    },
    see: (experiment) => {
      last = experiment;
    },
    ended: async (exitCode, why) => {
      const result = known() ?? nothing(subject);
      const summary =
        last === undefined ? why : `${why}; the last that was seen is ${result.reason}: ${result.summary}`;
      await tryToKeep({ ...result, reason: EXIT_CODES[exitCode].name, summary, exitCode });
    },
    released: async () => {
      cleans = false;
      if (kept !== undefined) await tryToKeep(kept);
    },
    complete: async (experiment, reader) => {
      last = experiment;
      cleans = false;
      const result = experimentResult(experiment);
      const evidence = await readEvidenceOf(reader, experiment, interrupted).catch((error: unknown) => {
        terminal.err(`warning: no ${FILES.report}: ${plain(messageOf(error))}\n`);
      });
      if (evidence === undefined) return keep(result);
      const input = { evidence: evidence.document, record: evidence.record, now: Date.now() };
      await write(directory, FILES.report, renderReport(input));
      await keep(result, renderMarkdown(input));
    },
  };
  const fail = (error: unknown): Promise<void> => {
    const failed = { reason: EXIT_CODES[3].name, summary: messageOf(error), exitCode: 3 } as const;
    return tryToKeep({ ...(known() ?? nothing(subject)), ...failed });
  };
  return { artifacts, fail };
}

/** The file of variables last: who finds it finds the others. */
async function writeResult(
  directory: string,
  result: Result,
  cleans: boolean,
  summary = render(result, 'markdown'),
): Promise<void> {
  await write(directory, FILES.json, render(result, 'json'));
  await write(directory, FILES.junit, render(result, 'junit'));
  await write(directory, FILES.summary, summary);
  await write(directory, FILES.variables, variables(result, cleans));
}

/** Lines that a shell can read, and GitLab as a dotenv report; whatever a shell could take for more is left out. */
function variables({ figures, verdict, reason, exitCode }: Result, cleans: boolean): string {
  const experiment = recordAt(figures, 'experiment');
  const values = {
    MIRROR_NAMESPACE: stringAt(experiment, 'namespace') ?? '',
    MIRROR_EXPERIMENT: stringAt(experiment, 'name') ?? '',
    MIRROR_VERDICT: verdict,
    MIRROR_REASON: reason,
    MIRROR_EXIT_CODE: String(exitCode),
    MIRROR_CLEANUP: String(cleans),
  };
  const safe = (value: string) => (/^[A-Za-z0-9._-]*$/.test(value) ? value : '');
  return Object.entries(values)
    .map(([variable, value]) => `${variable}=${safe(value)}\n`)
    .join('');
}

function nothing(subject: string): Result {
  return { subject, verdict: 'Inconclusive', reason: '', summary: '', exitCode: 3, gates: [], figures: {} };
}

async function clear(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
    for (const file of Object.values(FILES)) await rm(join(directory, file), { force: true });
  } catch (error) {
    throw new UsageError(`--artifacts ${directory}: cannot be written: ${messageOf(error)}`);
  }
}

async function write(directory: string, file: string, text: string): Promise<void> {
  try {
    await writeFile(join(directory, file), text);
  } catch (error) {
    throw new UsageError(`${join(directory, file)}: cannot be written: ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
