import type { ExitCode } from '../../api/exitCodes.ts';
import type { Call } from '../command.ts';
import { connect, experimentPath, requestError } from '../connect.ts';
import { experimentResult, readExperiment, type SeenExperiment } from '../experimentResult.ts';
import { FORMATS, render } from '../output/render.ts';
import { table } from '../output/table.ts';
import { choiceOf, flagOf } from '../values.ts';

export async function run(call: Call): Promise<ExitCode> {
  const [name = ''] = call.operands;
  const format = choiceOf(call.values, 'output', FORMATS, 'human');
  const { api, namespace, close } = connect(call);
  try {
    const path = experimentPath(namespace, name);
    const object = await api.request({ method: 'GET', path, signal: call.interrupted }).catch((error: unknown) => {
      if (call.interrupted.aborted) return undefined;
      throw requestError(error, namespace, name);
    });
    if (call.interrupted.aborted) return 130;
    const experiment = readExperiment(object);
    const result = experimentResult(experiment);
    await call.terminal.out(render(result, format) + (format === 'human' ? `\n${conditionTable(experiment)}\n` : ''));
    return flagOf(call.values, 'exit-code') ? result.exitCode : 0;
  } finally {
    close();
  }
}

function conditionTable({ status, generation }: SeenExperiment): string {
  const rows = (status.conditions ?? []).map((condition) => [
    condition.type,
    condition.observedGeneration === generation ? condition.status : `${condition.status} (of an earlier spec)`,
    condition.reason,
    condition.lastTransitionTime,
    condition.message,
  ]);
  return rows.length === 0 ? 'No conditions yet.' : table(['CONDITION', 'STATUS', 'REASON', 'SINCE', 'MESSAGE'], rows);
}
