import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { ApiError } from '../../adapters/kubernetes/apiError.ts';
import type { ExitCode } from '../../api/exitCodes.ts';
import { ClusterError } from '../../engine/ports/cluster.ts';
import { type Artifacts, withArtifacts } from '../artifacts.ts';
import type { Call } from '../command.ts';
import { type Connection, connect, experimentPath, requestError } from '../connect.ts';
import { experimentResult, isComplete, readExperiment, type SeenExperiment } from '../experimentResult.ts';
import { findExperiment } from '../findExperiment.ts';
import { type Ending, follow } from '../follow.ts';
import { type Manifest, readManifest } from '../manifest.ts';
import { createProgress, type Progress } from '../output/progress.ts';
import { FORMATS, render } from '../output/render.ts';
import { remove } from '../removal.ts';
import { timeLimit } from '../timeLimit.ts';
import { UsageError } from '../usageError.ts';
import { choiceOf, durationOf, flagOf, textOf } from '../values.ts';

const FIELD_MANAGER = 'kubectl-mirror';
/** A restore can mean a rolling restart of the workload that runs Envoy. */
const RESTORE_LIMIT = 10 * 60_000;

export function run(call: Call): Promise<ExitCode> {
  const [file = ''] = call.operands;
  return withArtifacts(call, file === '-' ? 'standard input' : file, (artifacts) => runFile(call, file, artifacts));
}

async function runFile(call: Call, file: string, artifacts: Artifacts): Promise<ExitCode> {
  const { terminal, values, interrupted } = call;
  const format = choiceOf(values, 'output', FORMATS, 'human');
  const given = durationOf(values, 'timeout');
  const source = await readSource(file, call.input);
  const connection = connect(call);
  try {
    const manifest = readManifest(source, {
      file: file === '-' ? 'standard input' : file,
      namespace: { name: connection.namespace, given: connection.namespaceGiven },
      nameSuffix: textOf(values, 'name-suffix'),
    });
    const progress = createProgress(terminal, Date.now);
    const before = await makeRoom(call, connection, manifest, progress);
    if (interrupted.aborted) {
      await artifacts.ended(130, 'interrupted before anything was applied');
      return 130;
    }
    const started = await start(call, connection, manifest, before, progress);
    await artifacts.started(started.experiment, flagOf(values, 'cleanup') && started.ours);
    const ending = await followToEnd(call, connection, started, { progress, artifacts }, given);
    if (typeof ending === 'number') return ending;
    await artifacts.complete(ending, connection);
    const result = experimentResult(ending);
    await terminal.out(render(result, format));
    return result.exitCode;
  } finally {
    call.setLastWords(undefined);
    connection.close();
  }
}

/** What run has set going, or joined. */
interface Started {
  readonly experiment: SeenExperiment;
  /** False: it had been going on before, so it is not ours to end. */
  readonly ours: boolean;
}

async function readSource(file: string, input: Call['input']): Promise<string> {
  try {
    return file === '-' ? await text(input as AsyncIterable<never>) : await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file}: cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The experiment of this name as it is, after an old one has been deleted where that is wanted or under way. */
async function makeRoom(
  { values, interrupted }: Call,
  connection: Connection,
  { name, namespace }: Manifest,
  progress: Progress,
): Promise<SeenExperiment | undefined> {
  if (name === undefined) return undefined;
  const before = await findExperiment(connection, namespace, name);
  if (before === undefined) return undefined;
  const isGoing = before.deletionTimestamp !== undefined;
  if (!isGoing && !flagOf(values, 'replace')) return before;
  progress.say(
    `awaiting the end of the ${isGoing ? 'experiment that is being deleted' : 'old experiment'} ${namespace}/${name}`,
  );
  const removed = await remove(
    connection,
    { namespace, name, uid: before.uid },
    { milliseconds: RESTORE_LIMIT, signal: interrupted },
  );
  if (interrupted.aborted || removed.kind === 'gone') return undefined;
  const why = removed.kind === 'failed' ? removed.message : 'it is still being restored';
  throw new Error(`the old experiment ${namespace}/${name} could not be deleted: ${why}`);
}

/** Applies the experiment. An answer that is lost leaves open whether it is there: with --cleanup it is then deleted. */
async function start(
  call: Call,
  connection: Connection,
  manifest: Manifest,
  before: SeenExperiment | undefined,
  progress: Progress,
): Promise<Started> {
  const { name, namespace } = manifest;
  const label = `${namespace}/${name ?? '(generated name)'}`;
  call.setLastWords(`${label} may have been applied and may go on: look with kubectl get mexp -n ${namespace}`);
  let applied: SeenExperiment;
  try {
    // Not given up at a signal: whether it was applied would not be known then.
    applied = readExperiment(await apply(connection, manifest, flagOf(call.values, 'force-conflicts')));
  } catch (error) {
    const unknown = error instanceof ClusterError && error.kind === 'Unavailable' && before === undefined;
    if (unknown && name !== undefined && flagOf(call.values, 'cleanup')) {
      progress.say(`whether ${label} was applied is not known; it is deleted if it is there`);
      await remove(connection, { namespace, name, uid: undefined }, { milliseconds: RESTORE_LIMIT });
    }
    call.setLastWords(undefined);
    throw explainRefusal(error, namespace);
  }
  const ours = before === undefined || before.uid !== applied.uid || before.generation !== applied.generation;
  if (!ours && isComplete(applied)) {
    call.setLastWords(undefined);
    const { verdict, completionTime = 'before' } = applied.status;
    throw new UsageError(
      `${label} has finished with this very spec already (${verdict} at ${completionTime}), so nothing was run. --replace runs it again; kubectl mirror status ${applied.name} shows the earlier result`,
    );
  }
  const what = ours ? 'applied' : 'is applied already; following the run that goes on';
  progress.say(`${namespace}/${applied.name} ${what} (generation ${applied.generation})`);
  return { experiment: applied, ours };
}

function apply({ api }: Connection, { object, name, namespace }: Manifest, force: boolean): Promise<unknown> {
  const query = { fieldManager: FIELD_MANAGER, fieldValidation: 'Strict' };
  if (name === undefined) return api.request({ method: 'POST', path: experimentPath(namespace), query, body: object });
  return api.request({
    method: 'PATCH',
    path: experimentPath(namespace, name),
    query: { ...query, ...(force && { force: 'true' }) },
    contentType: 'application/apply-patch+yaml',
    body: object,
  });
}

/** The complete experiment, or the exit code when it is not waited for any longer. */
async function followToEnd(
  call: Call,
  connection: Connection,
  { experiment, ours }: Started,
  { progress, artifacts }: { readonly progress: Progress; readonly artifacts: Artifacts },
  given: number | undefined,
): Promise<SeenExperiment | ExitCode> {
  const { namespace, name, uid, generation } = experiment;
  const onSight = (seen: SeenExperiment): void => {
    progress.show(seen);
    artifacts.see(seen);
  };
  const options = { limit: timeLimit(given, experiment), interrupted: call.interrupted, onSight };
  const endEarly = prepareEnd(call, connection, { progress, artifacts }, { experiment, ours });
  let ending: Ending;
  try {
    ending = await follow(connection, { namespace, name, uid, generation }, options);
  } catch (error) {
    await endEarly('an error occurred');
    throw error;
  }
  switch (ending.kind) {
    case 'complete':
      call.setLastWords(undefined);
      return ending.experiment;
    // The artifacts are written first: a pipeline that is cancelled is killed before everything is restored.
    case 'timeout':
      await artifacts.ended(4, 'not complete within --timeout');
      await endEarly('not complete within --timeout');
      return 4;
    case 'interrupted':
      await artifacts.ended(130, 'interrupted');
      await endEarly('interrupted');
      return 130;
    case 'deleted':
      await artifacts.released();
      throw new Error(`${namespace}/${name} was deleted before it was complete`);
    case 'superseded':
      // Somebody else's run by now, so --cleanup leaves it.
      await artifacts.released();
      throw new Error(
        `the spec of ${namespace}/${name} was changed while it ran (generation ${ending.experiment.generation}, this run was ${generation}); the new run goes on`,
      );
  }
}

/** What is to be called when run ends before the experiment: it deletes it, or tells how to. */
function prepareEnd(
  call: Call,
  connection: Connection,
  { progress, artifacts }: { readonly progress: Progress; readonly artifacts: Artifacts },
  { experiment, ours }: Started,
) {
  const { namespace, name, uid } = experiment;
  const label = `${namespace}/${name}`;
  const byHand = `kubectl delete mexp ${name} -n ${namespace}`;
  const cleans = flagOf(call.values, 'cleanup') && ours;
  call.setLastWords(`${label} goes on, and live requests may be copied until it ends. To end it: ${byHand}`);

  return async (why: string): Promise<void> => {
    if (!cleans) {
      const others = flagOf(call.values, 'cleanup')
        ? ' (it was going on before this command, so --cleanup leaves it)'
        : '';
      progress.say(
        `${why}; ${label} goes on${others}, and live requests are copied until it ends. To end it: ${byHand}`,
      );
      return;
    }
    progress.say(`${why}; deleting ${label} and awaiting the end of mirroring`);
    const whileRestoring = `${label} is deleted, but not everything is restored yet; the operator goes on with it. Look with: kubectl get mexp ${name} -n ${namespace}`;
    const removed = await remove(
      connection,
      { namespace, name, uid },
      { milliseconds: RESTORE_LIMIT, onDeleting: () => call.setLastWords(whileRestoring) },
    );
    if (removed.kind === 'gone') {
      progress.say(`${label} is gone: no request is copied any more`);
      await artifacts.released();
    } else if (removed.kind === 'pending') {
      progress.say(
        `${label} is deleted, but not everything is restored after ${RESTORE_LIMIT / 60_000} min: see kubectl mirror status ${name} -n ${namespace}`,
      );
    } else progress.say(`${label} could not be deleted (${removed.message}) and may go on. To end it: ${byHand}`);
  };
}

function explainRefusal(error: unknown, namespace: string): unknown {
  if (!(error instanceof ApiError)) return error;
  if (error.kind === 'Conflict') {
    return new UsageError(`${error.message}; --force-conflicts takes the fields over`);
  }
  return error.kind === 'NotFound' ? requestError(error, namespace) : error;
}
