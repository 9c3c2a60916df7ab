import type { ExitCode } from '../../api/exitCodes.ts';
import { type Artifacts, withArtifacts } from '../artifacts.ts';
import type { Call } from '../command.ts';
import { connect, experimentPath, requestError } from '../connect.ts';
import { experimentResult, readExperiment, type SeenExperiment } from '../experimentResult.ts';
import { follow } from '../follow.ts';
import { createProgress } from '../output/progress.ts';
import { FORMATS, render } from '../output/render.ts';
import { timeLimit } from '../timeLimit.ts';
import { UsageError } from '../usageError.ts';
import { choiceOf, durationOf, textOf } from '../values.ts';

export function run(call: Call): Promise<ExitCode> {
  const [name = ''] = call.operands;
  return withArtifacts(call, name, (artifacts) => waitFor(call, name, artifacts));
}

async function waitFor(call: Call, name: string, artifacts: Artifacts): Promise<ExitCode> {
  const { terminal, values, interrupted } = call;
  const format = choiceOf(values, 'output', FORMATS, 'human');
  const given = durationOf(values, 'timeout');
  const generation = generationOf(textOf(values, 'generation'));
  const connection = connect(call);
  const { api, namespace } = connection;
  try {
    const path = experimentPath(namespace, name);
    const object = await api.request({ method: 'GET', path, signal: interrupted }).catch((error: unknown) => {
      if (!interrupted.aborted) throw requestError(error, namespace, name);
    });
    if (object === undefined) {
      await artifacts.ended(130, 'interrupted');
      return 130;
    }
    const found = readExperiment(object);
    await artifacts.started(found, false);
    const limit = timeLimit(given, found);
    const progress = createProgress(terminal, Date.now);
    const followed = { namespace, name, uid: found.uid, generation };
    const onSight = (seen: SeenExperiment): void => {
      progress.show(seen);
      artifacts.see(seen);
    };
    const ending = await follow(connection, followed, { limit, interrupted, onSight });
    if (ending.kind === 'complete') {
      await artifacts.complete(ending.experiment, connection);
      const result = experimentResult(ending.experiment);
      await terminal.out(render(result, format));
      return result.exitCode;
    }
    if (ending.kind === 'deleted') throw new Error(`${namespace}/${name} was deleted before it was complete`);
    if (ending.kind === 'superseded') {
      throw new Error(
        `the spec of ${namespace}/${name} was changed: generation ${ending.experiment.generation}, and ${generation} was waited for`,
      );
    }
    const [exitCode, why] =
      ending.kind === 'timeout' ? ([4, 'not complete within --timeout'] as const) : ([130, 'interrupted'] as const);
    await artifacts.ended(exitCode, why);
    progress.say(`${why}; ${namespace}/${name} goes on. To end it: kubectl delete mexp ${name} -n ${namespace}`);
    return exitCode;
  } finally {
    connection.close();
  }
}

function generationOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,15}$/.test(text)) throw new UsageError(`--generation ${text}: must be a whole number from 1 on`);
  return Number(text);
}
