import type { Condition } from '../../api/conditions.ts';
import type { ConditionType } from '../../api/reasons.ts';
import { count } from '../../core/status/format.ts';
import { currentCondition, experimentResult, type SeenExperiment } from '../experimentResult.ts';
import type { Terminal } from '../terminal.ts';
import { plain } from './plain.ts';
import type { GateRow } from './result.ts';
import { table } from './table.ts';

export interface Progress {
  show(experiment: SeenExperiment): void;
  /** Something that is no state of the experiment. */
  say(message: string): void;
}

/** Shows how an experiment gets on: as a block that is drawn anew on a terminal, as a line per change in a log. */
export function createProgress(terminal: Terminal, now: () => number): Progress {
  return terminal.interactive ? blockProgress(terminal, now) : lineProgress(terminal, now);
}

function lineProgress(terminal: Terminal, now: () => number): Progress {
  let seen: readonly string[] = [];
  const write = (line: string) => terminal.err(`${new Date(now()).toISOString().slice(0, 19)}Z ${plain(line)}\n`);
  return {
    show: (experiment) => {
      const lines = progressLines(experiment);
      for (const line of lines) if (!seen.includes(line)) write(line);
      seen = lines;
    },
    say: write,
  };
}

function blockProgress(terminal: Terminal, now: () => number): Progress {
  let drawn: readonly string[] = [];
  const erase = () => (drawn.length === 0 ? '' : `\u001b[${drawn.length}A\u001b[J`);
  return {
    show: (experiment) => {
      const lines = progressBlock(experiment, now(), terminal.columns());
      if (lines.join('\n') === drawn.join('\n')) return;
      terminal.err(`${erase()}${lines.join('\n')}\n`);
      drawn = lines;
    },
    say: (message) => {
      // Stands below what was drawn last; the next block is drawn below it.
      drawn = [];
      terminal.err(`${plain(message)}\n`);
    },
  };
}

const SHOWN: readonly ConditionType[] = ['Accepted', 'CandidateReady', 'Mirroring', 'TelemetryFlowing', 'LiveHealthy'];

/** What there is to tell, a fact a line: a line that was not there before is a change. */
export function progressLines(experiment: SeenExperiment): string[] {
  const conditions = SHOWN.flatMap((type) => {
    const condition = currentCondition(experiment, type);
    return condition === undefined || condition.reason === 'NotStarted' ? [] : [conditionLine(type, condition)];
  });
  const { verdict, reason, summary } = experimentResult(experiment);
  const { requests, latency = [], errors } = currentCondition(experiment, 'Passed') ? experiment.status : {};
  const deltas = [
    ...latency.flatMap(({ percentile, delta }) => (delta === undefined ? [] : [`p${percentile} ${delta}`])),
    ...(errors?.delta === undefined ? [] : [`errors ${errors.delta}`]),
  ];
  const figures =
    requests === undefined
      ? []
      : [`live ${count(requests.live ?? 0)}, candidate ${count(requests.mirror ?? 0)} requests`];
  const measured = [...figures, ...(deltas.length === 0 ? [] : [deltas.join(', ')])].join('; ');
  const stage = verdict === 'Running' ? reason : `${verdict} (${reason})`;
  return [...conditions, ...(measured === '' ? [] : [`measured: ${measured}`]), `${stage}: ${summary}`];
}

function conditionLine(type: string, { status, reason, message }: Condition): string {
  return `${type} ${status} (${reason}): ${message}`;
}

/** The lines of the block, none wider than the terminal, so that they can be drawn over. */
export function progressBlock(experiment: SeenExperiment, now: number, columns: number): string[] {
  const { subject, verdict, reason, summary, gates } = experimentResult(experiment);
  const passed = currentCondition(experiment, 'Passed');
  const { requests, startTime } = passed === undefined ? {} : experiment.status;
  const stage = verdict === 'Running' ? reason : `${verdict} (${reason}), restoring`;
  const seen =
    requests === undefined
      ? []
      : [
          `requests: live ${count(requests.live ?? 0)}, candidate ${count(requests.mirror ?? 0)}${
            requests.coveragePercent === undefined ? '' : ` (${requests.coveragePercent} % of the copies seen)`
          }`,
        ];
  const lines = [
    [subject, stage, ...timeLeft(experiment, startTime, now)].join('   '),
    ...seen,
    ...gateLines(gates.filter(({ route }) => route === '(all)')),
    summary,
  ];
  return lines.map((line) => cut(plain(line), Math.max(20, columns - 1)));
}

function timeLeft({ spec }: SeenExperiment, startTime: string | undefined, now: number): string[] {
  if (startTime === undefined || spec === undefined) return [];
  const left = Date.parse(startTime) + spec.analysis.deadlineSeconds * 1000 - now;
  return [left > 0 ? `${duration(left)} until the deadline` : 'the deadline has come'];
}

function gateLines(gates: readonly GateRow[]): string[] {
  if (gates.length === 0) return [];
  const rows = gates.map(({ gate, live, mirror, delta, tolerated, towardsFail, towardsPass }) => [
    ...[gate, live, mirror, delta, tolerated],
    ...[bar(towardsFail), bar(towardsPass)],
  ]);
  return table(['', 'live', 'candidate', 'delta', 'tolerated', 'towards fail', 'towards pass'], rows).split('\n');
}

const CELLS = 10;

/** `████░░░░░░ 40 %` */
function bar(share: string): string {
  const value = Number.parseInt(share, 10);
  if (!Number.isFinite(value)) return share;
  const full = Math.max(0, Math.min(CELLS, Math.floor((value * CELLS) / 100)));
  return `${'█'.repeat(full)}${'░'.repeat(CELLS - full)} ${share}`;
}

/** 1h02m03s */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  if (hours > 0) return `${hours}h${two(minutes)}m${two(rest)}s`;
  return minutes > 0 ? `${minutes}m${two(rest)}s` : `${rest}s`;
}

function cut(text: string, columns: number): string {
  const characters = [...text];
  return characters.length <= columns ? text : `${characters.slice(0, columns - 1).join('')}…`;
}
