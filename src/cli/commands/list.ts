import { listAll } from '../../adapters/kubernetes/listAll.ts';
import { resourcePath } from '../../adapters/kubernetes/objects.ts';
import type { ExitCode } from '../../api/exitCodes.ts';
import { group, plural, version } from '../../api/names.ts';
import type { Call } from '../command.ts';
import { connect, experimentPath, requestError } from '../connect.ts';
import { experimentResult, readExperiment, type SeenExperiment } from '../experimentResult.ts';
import { machineResult, toJson, toYaml } from '../output/machine.ts';
import { table } from '../output/table.ts';
import { choiceOf, flagOf } from '../values.ts';

export async function run(call: Call): Promise<ExitCode> {
  const format = choiceOf(call.values, 'output', ['human', 'json', 'yaml'], 'human');
  const everywhere = flagOf(call.values, 'all-namespaces');
  const { api, namespace, close } = connect(call);
  try {
    const path = everywhere ? resourcePath(group, version, plural) : experimentPath(namespace);
    const list = await listAll(api, path, call.interrupted).catch((error: unknown) => {
      if (call.interrupted.aborted) return undefined;
      throw requestError(error, namespace);
    });
    if (list === undefined) return 130;
    const experiments = list.items.map(readExperiment);
    if (format === 'human') await call.terminal.out(listText(experiments, everywhere, namespace));
    else {
      const results = experiments.map((experiment) => machineResult(experimentResult(experiment)));
      await call.terminal.out((format === 'json' ? toJson : toYaml)(results));
    }
    return 0;
  } finally {
    close();
  }
}

function listText(experiments: readonly SeenExperiment[], everywhere: boolean, namespace: string): string {
  if (experiments.length === 0) {
    return everywhere
      ? 'There is no MirrorExperiment.\n'
      : `There is no MirrorExperiment in the namespace ${namespace}.\n`;
  }
  const rows = experiments.map((experiment) => {
    const { verdict, reason, summary } = experimentResult(experiment);
    return [...(everywhere ? [experiment.namespace] : []), experiment.name, verdict, reason, short(summary)];
  });
  return `${table([...(everywhere ? ['NAMESPACE'] : []), 'NAME', 'VERDICT', 'REASON', 'SUMMARY'], rows)}\n`;
}

function short(text: string): string {
  const characters = [...text];
  return characters.length <= 100 ? text : `${characters.slice(0, 99).join('')}…`;
}
