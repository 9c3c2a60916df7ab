import type { CommandDescription, Options } from './command.ts';

const help: Options = {
  help: { type: 'boolean', short: 'h', help: 'Show this help.' },
};

const cluster: Options = {
  kubeconfig: {
    type: 'string',
    value: 'FILE',
    help: 'Kubeconfig; default: $KUBECONFIG, ~/.kube/config, or the pod’s own.',
  },
  context: { type: 'string', value: 'NAME', help: 'Context of the kubeconfig; default: its current one.' },
  namespace: {
    type: 'string',
    short: 'n',
    value: 'NAME',
    help: 'Namespace; default: that of the context, or default.',
  },
  'request-timeout': {
    type: 'string',
    value: 'TIME',
    help: 'How long one request to the API server may take; default 15s, 0: as long as it takes.',
  },
};

const output = (formats: string): Options => ({
  output: { type: 'string', short: 'o', value: 'FORMAT', help: `${formats}; default human.` },
});

const resultFormats = output('human, json, yaml, markdown or junit');

const waiting: Options = {
  timeout: {
    type: 'string',
    value: 'TIME',
    help: 'Give up (exit code 4) after this time, such as 90s, 75m or 1h30m; 0: never. Default: the experiment’s deadlineSeconds and 30 minutes.',
  },
};

const artifacts: Options = {
  artifacts: {
    type: 'string',
    value: 'DIR',
    help: 'Also write what a pipeline keeps: result.env, result.json, junit.xml, summary.md and report.html.',
  },
};

const artifactsParagraph =
  '--artifacts writes them on every end, a timeout or an error too. What the directory has of an earlier run is removed first. result.env has the lines MIRROR_NAMESPACE, MIRROR_EXPERIMENT, MIRROR_VERDICT (Running as long as the experiment goes on), MIRROR_REASON, MIRROR_EXIT_CODE and MIRROR_CLEANUP (true as long as an experiment may go on that this command has to delete), for shells and as a dotenv file, and is there from the start of the run: if the command is killed, a later step can delete what it left. report.html needs the evidence of a finished experiment.';

const progressParagraph =
  'Progress goes to standard error, the result to standard output. On a terminal it is a block that is drawn anew; in CI (CI is set, or no terminal) one line per change, each with its time.';

const described: readonly CommandDescription[] = [
  {
    name: 'run',
    operands: 'FILE|-',
    count: [1, 1],
    summary: 'Apply an experiment, follow it to its end and exit by its verdict.',
    details: [
      'FILE (or standard input) holds exactly one MirrorExperiment, YAML or JSON. It is applied on the server with the field manager kubectl-mirror. With metadata.generateName instead of a name a new one is created.',
      progressParagraph,
      'An experiment that has finished with this very spec is not run again by applying it: run then refuses (exit code 3), because the verdict would be that of the earlier run. --replace deletes it first; --name-suffix or generateName give every build its own.',
      'Without --cleanup an experiment goes on when run ends early (timeout, Ctrl-C, an error); the message says how to end it. With --cleanup it is then deleted and its end awaited, so that no request is copied any more. A finished experiment is kept in either case, with its evidence.',
      artifactsParagraph,
    ],
    options: {
      ...waiting,
      ...artifacts,
      cleanup: { type: 'boolean', help: 'Delete the experiment when this command ends before it is complete.' },
      replace: { type: 'boolean', help: 'Delete an experiment of the same name first, and await its end.' },
      'name-suffix': {
        type: 'string',
        value: 'TEXT',
        help: 'Append -TEXT to metadata.name, such as a commit; cut to 63 characters at the front part.',
      },
      'force-conflicts': { type: 'boolean', help: 'Take over fields that another field manager owns.' },
      ...resultFormats,
      ...cluster,
    },
    examples: [
      'kubectl mirror run experiment.yaml --cleanup',
      'kubectl mirror run experiment.yaml --name-suffix "$(git rev-parse --short HEAD)" --cleanup -o junit > mirror.xml',
    ],
    load: () => import('./commands/run.ts'),
  },
  {
    name: 'wait',
    operands: 'NAME',
    count: [1, 1],
    summary: 'Follow an experiment to its end and exit by its verdict.',
    details: [
      progressParagraph,
      'Interrupted or timed out, the experiment goes on. When its spec changes meanwhile, the new run is waited for, unless --generation names the one that is meant.',
      artifactsParagraph,
    ],
    options: {
      ...waiting,
      ...artifacts,
      generation: {
        type: 'string',
        value: 'NUMBER',
        help: 'Generation of the spec whose verdict is meant; a later one is an error.',
      },
      ...resultFormats,
      ...cluster,
    },
    examples: ['kubectl mirror wait bookservice-v3 -n bookstore --timeout 90m'],
    load: () => import('./commands/wait.ts'),
  },
  {
    name: 'status',
    operands: 'NAME',
    count: [1, 1],
    summary: 'Show an experiment: verdict or stage, figures, conditions.',
    details: ['Exits with 0 when it is shown, whatever the verdict; with --exit-code by the verdict, 2 while it runs.'],
    options: {
      'exit-code': { type: 'boolean', help: 'Exit by the verdict.' },
      ...resultFormats,
      ...cluster,
    },
    examples: ['kubectl mirror status bookservice-v3 -n bookstore', 'kubectl mirror status bookservice-v3 -o markdown'],
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'list',
    operands: '',
    count: [0, 0],
    summary: 'List the experiments of a namespace, or of all.',
    details: [],
    options: {
      'all-namespaces': { type: 'boolean', short: 'A', help: 'Of all namespaces.' },
      ...output('human, json or yaml'),
      ...cluster,
    },
    examples: ['kubectl mirror list -A'],
    load: () => import('./commands/list.ts'),
  },
  {
    name: 'delete',
    operands: 'NAME',
    count: [1, 1],
    summary: 'Delete an experiment and wait until everything is restored.',
    details: [
      'For the step of a pipeline that runs whatever happened before, where a command may have been killed. As kubectl delete, it waits for the operator, which restores first. An experiment that is not there is gone already: exit code 0.',
    ],
    options: {
      'unless-complete': {
        type: 'boolean',
        help: 'Leave a finished experiment, which holds nothing but its evidence.',
      },
      timeout: {
        type: 'string',
        value: 'TIME',
        help: 'Give up (exit code 4) after this time, such as 90s; default 10m, 0: never.',
      },
      ...cluster,
    },
    examples: ['kubectl mirror delete bookservice-v3 -n bookstore --unless-complete'],
    load: () => import('./commands/delete.ts'),
  },
  {
    name: 'judge',
    operands: 'FILE|-',
    count: [1, 1],
    summary: 'Replay evidence to its verdict, without a cluster; flags ask what other tolerances would have said.',
    details: [
      'FILE is an evidence document (JSON), or the ConfigMap NAME-evidence of a finished experiment as kubectl prints it. The exit code is that of the verdict; Running, of evidence that is still growing, exits with 2.',
      'With - documents are read from standard input, one a line, and one JSON result a line is written in their order. A line that cannot be judged is told on standard error as JSON with its number, the others are still answered, and the exit code is 3 in the end; otherwise it is 0, whatever the verdicts.',
      'minDurationSeconds belongs to the life of an experiment, not to its evidence: with another tolerance, a Pass here may come before that time.',
    ],
    options: {
      latency: {
        type: 'string',
        multiple: true,
        value: 'pN=TOLERANCE',
        help: 'Another tolerance for a percentile that the evidence has: p95=10%,20ms (the larger of the two counts), p99=25%,50ms,fail-only, or p99=off. Can be given several times.',
      },
      'max-error-increase-basis-points': { type: 'string', value: 'NUMBER', help: 'Tolerated rise of the error rate.' },
      'max-loss-percent': { type: 'string', value: 'NUMBER', help: 'Tolerated share of lost copies.' },
      'false-alarm-percent': {
        type: 'string',
        value: 'NUMBER',
        help: 'Probability that a good candidate is ever failed.',
      },
      'min-requests': { type: 'string', value: 'NUMBER', help: 'Requests that each version needs.' },
      deadline: {
        type: 'string',
        value: 'true|false',
        help: 'Whether what is undecided is Inconclusive (true) or Running.',
      },
      intervals: { type: 'boolean', help: 'With intervals of the differences; takes some 100 ms a route.' },
      ...output('human, json, yaml, markdown or junit (with -: json)'),
    },
    examples: [
      'kubectl get configmap bookservice-v3-evidence -n bookstore -o yaml > evidence.yaml && kubectl mirror judge evidence.yaml --latency p95=20%,50ms',
      'kubectl mirror judge - < documents.ndjson > results.ndjson',
    ],
    load: () => import('./commands/judge.ts'),
  },
  {
    name: 'report',
    operands: 'NAME|FILE',
    count: [1, 1],
    summary: 'Show the evidence of a finished experiment: one HTML page, or a comment for a pull request.',
    details: [
      'Reads the ConfigMap NAME-evidence, which the operator writes with the verdict. An operand with a slash, or with the ending .yaml, .yml or .json, is a FILE with that ConfigMap as kubectl prints it.',
      'The page is one file that needs no network: verdict, latency distributions, result codes, evidence over time, the course of the experiment, queries and spec. It is written to NAME-report.html in the current directory, and standard output names it. A file that is there is replaced only if it is such a page, or with --force.',
      'The exit code is 0 when the report is written, whatever the verdict.',
    ],
    options: {
      output: {
        type: 'string',
        short: 'o',
        value: 'FORMAT',
        help: 'html or markdown (for a comment); default html.',
      },
      out: { type: 'string', value: 'FILE', help: 'Where to; -: standard output, the default of markdown.' },
      force: { type: 'boolean', help: 'Replace FILE whatever it is.' },
      ...cluster,
    },
    examples: [
      'kubectl mirror report bookservice-v3 -n bookstore',
      'kubectl mirror report bookservice-v3 -n bookstore -o markdown | gh pr comment 17 --body-file -',
      'kubectl mirror report evidence.yaml --out report.html',
    ],
    load: () => import('./commands/report.ts'),
  },
  {
    name: 'explain',
    operands: 'REASON|CONDITION|EXIT-CODE',
    count: [0, 1],
    summary: 'Say what a reason, a condition or an exit code means and what to do; without a name, list them.',
    details: [],
    options: { ...output('human, json or yaml') },
    examples: ['kubectl mirror explain NotEnoughEvidence', 'kubectl mirror explain 3'],
    load: () => import('./commands/explain.ts'),
  },
];

/** Every command, in the order of the help; help and the reference page are made from it. */
export const COMMANDS: readonly CommandDescription[] = described.map((command) => ({
  ...command,
  options: { ...command.options, ...help },
}));
