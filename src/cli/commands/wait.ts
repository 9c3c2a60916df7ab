import type { ExitCode } from '../../api/exitCodes.ts';
import type { Call } from '../command.ts';
import { connect, experimentPath, requestError } from '../connect.ts';
import { experimentResult, readExperiment } from '../experimentResult.ts';
import { follow } from '../follow.ts';
import { createProgress } from '../output/progress.ts';
import { FORMATS, render } from '../output/render.ts';
import { timeLimit } from '../timeLimit.ts';
import { UsageError } from '../usageError.ts';
import { choiceOf, durationOf, textOf } from '../values.ts';

export async function run(call: Call): Promise<ExitCode> {
  const { terminal, values, interrupted } = call;
  const [name = ''] = call.operands;
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
    if (object === undefined) return 130;
    const found = readExperiment(object);
    const limit = timeLimit(given, found);
    const progress = createProgress(terminal, Date.now);
    const followed = { namespace, name, uid: found.uid, generation };
    const ending = await follow(connection, followed, { limit, interrupted, onSight: progress.show });
    if (ending.kind === 'complete') {
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
    const why = ending.kind === 'timeout' ? 'not complete within --timeout' : 'interrupted';
    progress.say(`${why}; ${namespace}/${name} goes on. To end it: kubectl delete mexp ${name} -n ${namespace}`);
    return ending.kind === 'timeout' ? 4 : 130;
  } finally {
    connection.close();
  }
}

function generationOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,15}$/.test(text)) throw new UsageError(`--generation ${text}: must be a whole number from 1 on`);
  return Number(text);
}
