import { open, rename, rm, writeFile } from 'node:fs/promises';
import { ApiError } from '../../adapters/kubernetes/apiError.ts';
import type { ExitCode } from '../../api/exitCodes.ts';
import type { ExperimentRecord } from '../../core/evidence/record.ts';
import { type Evidence, evidenceName, readClusterEvidence, withRecord } from '../clusterEvidence.ts';
import type { Call } from '../command.ts';
import { type Connection, connect, experimentPath, requestError } from '../connect.ts';
import { readEvidenceFile } from '../evidenceFile.ts';
import { currentCondition, isComplete, readExperiment, type SeenExperiment } from '../experimentResult.ts';
import { plain } from '../output/plain.ts';
import { readText } from '../readText.ts';
import { renderMarkdown } from '../report/renderMarkdown.ts';
import { isReport, renderReport } from '../report/renderReport.ts';
import { UsageError } from '../usageError.ts';
import { choiceOf, flagOf, textOf } from '../values.ts';

/** The evidence of a finished experiment as a page, or as a comment. */
export async function run(call: Call): Promise<ExitCode> {
  const [operand = ''] = call.operands;
  const format = choiceOf(call.values, 'output', ['html', 'markdown'], 'html');
  const out = textOf(call.values, 'out');
  if (out === '') throw new UsageError('--out must not be empty');
  const found = isFile(operand)
    ? withRecord(await readEvidenceFile(await readText(operand), operand), operand)
    : await readEvidence(call, operand);
  if (found === 'interrupted') return 130;
  const input = { evidence: found.document, record: found.record, now: Date.now() };
  const text = format === 'html' ? renderReport(input) : renderMarkdown(input);
  const file = out ?? (format === 'html' ? `${fileName(found.record)}-report.html` : '-');
  if (file === '-') {
    await call.terminal.out(text);
    return 0;
  }
  await write(file, text, flagOf(call.values, 'force'));
  await call.terminal.out(`${plain(file)}\n`);
  return 0;
}

/** Names of experiments have no slash and seldom such an ending. */
function isFile(operand: string): boolean {
  return /[/\\]|\.(ya?ml|json)$/i.test(operand);
}

async function readEvidence(call: Call, name: string): Promise<Evidence | 'interrupted'> {
  const connection = connect(call);
  try {
    return await readFromCluster(call, connection, name);
  } catch (error) {
    if (call.interrupted.aborted) return 'interrupted';
    throw error;
  } finally {
    connection.close();
  }
}

async function readFromCluster(call: Call, { api, namespace }: Connection, name: string): Promise<Evidence> {
  const experiment = async (): Promise<SeenExperiment> => {
    const path = experimentPath(namespace, name);
    const object = await api.request({ method: 'GET', path, signal: call.interrupted }).catch((error: unknown) => {
      throw requestError(error, namespace, name);
    });
    return readExperiment(object);
  };
  const evidence = await readClusterEvidence({ api }, { namespace, name }, call.interrupted).catch((error: unknown) => {
    if (error instanceof ApiError && error.kind === 'NotFound') return undefined;
    throw error;
  });
  if (evidence === undefined) throw new UsageError(missing(evidenceName(name), await experiment()));
  // Evidence is worth a report also where the experiment is gone, or may not be read.
  const present = await experiment().catch(() => undefined);
  const { uid, generation } = evidence.record.experiment;
  if (present !== undefined && (present.uid !== uid || present.generation !== generation)) {
    call.terminal.err(`warning: the evidence is of an earlier run (generation ${generation}) of ${plain(name)}\n`);
  }
  return evidence;
}

/** What a person can do who looks for evidence that is not there. */
function missing(configMap: string, experiment: SeenExperiment): string {
  const { name, namespace, status } = experiment;
  const what = `there is no ConfigMap ${configMap} in the namespace ${namespace}`;
  if (!isComplete(experiment)) {
    const reason = currentCondition(experiment, 'Passed')?.reason ?? 'Waiting';
    return `${what}: the experiment has not finished (${reason}), and its evidence is written with the verdict; kubectl mirror wait ${name} -n ${namespace}`;
  }
  const ended = status.verdict === undefined ? 'has finished' : `has finished (${status.verdict})`;
  return `${what}: the experiment ${ended} without one, so an older operator ran it, it could not be kept (an Event of the experiment says why), or somebody deleted it; kubectl mirror status ${name} -n ${namespace} shows what is known`;
}

/** A name of an experiment is a file name; one from a file need not be. */
function fileName({ experiment }: ExperimentRecord): string {
  const safe = experiment.name.replaceAll(/[^a-zA-Z0-9._-]/g, '_').replace(/^\.+/, '');
  return safe.slice(0, 200) || 'experiment';
}

/** Complete or not at all; a file of somebody else's is kept unless `force`. */
async function write(file: string, text: string, force: boolean): Promise<void> {
  const partial = `${file}.partial-${process.pid}`;
  try {
    if (!force) await checkReplaceable(file);
    await writeFile(partial, text, { flag: 'wx' });
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${file}: cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const HEAD_BYTES = 4096;

async function checkReplaceable(file: string): Promise<void> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (handle === undefined) return;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    if (isReport(buffer.toString('utf8', 0, bytesRead))) return;
  } finally {
    await handle.close();
  }
  throw new UsageError(`${file} exists and is no report: give --force to replace it, or --out with another name`);
}
