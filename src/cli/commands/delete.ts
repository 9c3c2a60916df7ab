import type { ExitCode } from '../../api/exitCodes.ts';
import type { Call } from '../command.ts';
import { connect } from '../connect.ts';
import { isComplete } from '../experimentResult.ts';
import { findExperiment } from '../findExperiment.ts';
import { remove } from '../removal.ts';
import { durationOf, flagOf } from '../values.ts';

/** A restore can mean a rolling restart of the workload that runs Envoy. */
const RESTORE_LIMIT = 10 * 60_000;

export async function run(call: Call): Promise<ExitCode> {
  const [name = ''] = call.operands;
  const given = durationOf(call.values, 'timeout') ?? RESTORE_LIMIT;
  const milliseconds = given === 0 ? Number.POSITIVE_INFINITY : given;
  const connection = connect(call);
  const { namespace } = connection;
  const label = `${namespace}/${name}`;
  const say = async (text: string): Promise<void> => call.terminal.out(`${text}\n`);
  try {
    const experiment = await findExperiment(connection, namespace, name);
    if (experiment === undefined) {
      await say(`${label} is not there`);
      return 0;
    }
    if (flagOf(call.values, 'unless-complete') && isComplete(experiment)) {
      await say(`${label} is complete (${experiment.status.verdict ?? 'no verdict'}) and stays`);
      return 0;
    }
    const target = { namespace, name, uid: experiment.uid };
    const removed = await remove(connection, target, { milliseconds, signal: call.interrupted });
    if (removed.kind === 'gone') {
      await say(`${label} is gone: no request is copied any more`);
      return 0;
    }
    if (removed.kind === 'failed' && !call.interrupted.aborted) {
      throw new Error(`${label} could not be deleted: ${removed.message}`);
    }
    const state = removed.kind === 'pending' ? 'is deleted, but not everything is restored yet' : 'is not deleted';
    call.terminal.err(`${label} ${state}\n`);
    return call.interrupted.aborted ? 130 : 4;
  } finally {
    connection.close();
  }
}
