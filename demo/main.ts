import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type History, recordHistory } from './history.ts';
import { type Poller, startPoller } from './lab/poller.ts';
import { renderExperiment } from './lab/renderExperiment.ts';
import { labTable } from './labTable.ts';
import { createNarrator, type Narrator } from './narrator.ts';
import { type DemoOptions, parseOptions, USAGE } from './options.ts';
import { type Stage, setStage } from './stage.ts';
import { complaints, EXPECTED, type ExperimentResult, resultOf } from './verdicts.ts';

const VERSIONS = ['V2', 'V3', 'V4'] as const;
const REQUESTS_PER_SECOND = 60;
/** The demo gives up after this time; every loop below ends with it. */
const MAX_SECONDS = 240;

interface Outcome {
  /** What is not as it should be; empty: everything is. */
  readonly problems: readonly string[];
  /** What `--output json` prints. */
  readonly report: { readonly experiments: readonly ExperimentResult[]; readonly liveFailures: number };
}

/** Reproduces the lab: three candidates, three verdicts. */
async function reproduceLab(stage: Stage, narrator: Narrator): Promise<Outcome> {
  const history = await recordHistory(stage.kubeconfig, 'bookstore', [
    { kind: 'ConfigMap', name: 'default-sidecar' },
    { kind: 'Deployment', name: 'bookinfo-spa' },
    { kind: 'Deployment', name: 'bookservicemirror' },
  ]);
  const poller = startPoller({ url: stage.frontUrl, requestsPerSecond: REQUESTS_PER_SECOND, maxSeconds: MAX_SECONDS });
  try {
    narrator.say(`live traffic runs: ${REQUESTS_PER_SECOND} requests a second through the front proxy`);
    for (const version of VERSIONS) {
      const applied = await stage.kubectl(
        ['apply', '-f', '-'],
        await renderExperiment(version, stage.azure.workspaceId),
      );
      narrator.say(`$ kubectl apply -f bookservice-${version.toLowerCase()}.yaml   ${applied.trim()}`);
    }
    const experiments = await follow(stage, narrator);
    return await judge(stage, { experiments, history, poller }, narrator);
  } finally {
    history.close();
    await poller.stop();
  }
}

/** Shows the table whenever it changes, until every experiment is complete. */
async function follow(stage: Stage, narrator: Narrator): Promise<readonly unknown[]> {
  let shown = '';
  const end = performance.now() + MAX_SECONDS * 1000;
  for (;;) {
    const table = await stage.kubectl(['get', 'mirrorexperiments', '-n', 'bookstore']);
    const comparable = table.replaceAll(/ +\d*m?\d+s\n/g, '\n');
    if (comparable !== shown) narrator.show('$ kubectl get mirrorexperiments -n bookstore', table);
    shown = comparable;
    const list = JSON.parse(await stage.kubectl(['get', 'mirrorexperiments', '-n', 'bookstore', '-o', 'json'])) as {
      items: { status?: { completionTime?: string } }[];
    };
    if (list.items.length === VERSIONS.length && list.items.every((item) => item.status?.completionTime))
      return list.items;
    if (performance.now() > end) {
      narrator.show('not every experiment has ended; where they stand:', JSON.stringify(list.items, null, 2));
      return list.items;
    }
    await sleep(1000);
  }
}

async function judge(
  stage: Stage,
  { experiments, history, poller }: { experiments: readonly unknown[]; history: History; poller: Poller },
  narrator: Narrator,
): Promise<Outcome> {
  const counts = await poller.stop();
  narrator.show('the lab’s own table, by its own query:', await labTable(stage.azure));
  const results = experiments.map((object) => resultOf(object, history.isRestored));
  const summaries = await stage.kubectl([
    'get',
    'mirrorexperiments',
    '-n',
    'bookstore',
    '-o',
    'jsonpath={range .items[*]}{.metadata.name}: {.status.summary}{"\\n"}{end}',
  ]);
  narrator.show('verdicts', summaries);
  narrator.say(
    `live requests: ${counts.sent} sent, ${counts.failed} failed ${counts.failed > 0 ? JSON.stringify(counts.failures) : ''}`,
  );
  const problems = [
    ...VERSIONS.flatMap((version) => check(results, version)),
    ...(counts.failed > 0 ? [`${counts.failed} live requests failed: ${JSON.stringify(counts.failures)}`] : []),
  ];
  narrator.say(
    problems.length === 0
      ? 'all three verdicts are right, everything is restored byte for byte, and no live request failed'
      : `NOT as it should be:\n${problems.map((problem) => `        - ${problem}`).join('\n')}`,
  );
  return { problems, report: { experiments: results, liveFailures: counts.failed } };
}

function check(results: readonly ExperimentResult[], version: (typeof VERSIONS)[number]): readonly string[] {
  const name = `bookservice-${version.toLowerCase()}`;
  const result = results.find((each) => each.name === name);
  return result === undefined ? [`${name}: there is no result`] : complaints(result, EXPECTED[version]);
}

async function main(options: DemoOptions): Promise<void> {
  const narrator = createNarrator((text) => process.stdout.write(text));
  const stage = await setStage(narrator);
  const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  try {
    const outcome = await Promise.race([reproduceLab(stage, narrator), interrupted]);
    if (!('problems' in outcome)) {
      process.exitCode = 130;
      return;
    }
    if (outcome.problems.length > 0) process.exitCode = 1;
    if (options.keep) {
      narrator.show(
        'everything stays up; Ctrl-C ends it',
        `export KUBECONFIG=${stage.kubeconfig}\npod logs: ${stage.logs.join(' ')}`,
      );
    }
    if (options.json) process.stdout.write(`${JSON.stringify(outcome.report)}\n`);
    if (options.keep) await interrupted;
  } finally {
    await stage.stop();
  }
}

try {
  await main(parseOptions(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
  process.exitCode = 1;
}
