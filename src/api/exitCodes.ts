/** Exit codes of kubectl-mirror. They are API: pipelines branch on them, and the reference page is made from this table. */
export const EXIT_CODES = {
  0: {
    name: 'Pass',
    meaning: 'The candidate is within every tolerance. Commands that give no verdict: done.',
    advice: 'Go on with the rollout.',
  },
  1: {
    name: 'Fail',
    meaning: 'The candidate is out of a tolerance.',
    advice: 'Read the summary: it names the gate, the route, what was measured and what is tolerated.',
  },
  2: {
    name: 'Inconclusive',
    meaning:
      'The experiment ended without evidence for a verdict, or has none yet (judge of evidence that is still growing).',
    advice: 'Do not roll out. The summary says what would decide it; `kubectl mirror explain REASON` says more.',
  },
  3: {
    name: 'Error',
    meaning:
      'A configuration or telemetry error: the experiment was refused or telemetry could not be read, the command line or the file is wrong, the experiment does not exist, or the API server does not answer.',
    advice: 'Correct what the message names, then run it again.',
  },
  4: {
    name: 'Timeout',
    meaning: 'The experiment was not complete within --timeout.',
    advice:
      'The experiment goes on, unless run was given --cleanup. Wait again, or delete it. It may have waited for another one, or no operator runs: see its conditions with `kubectl mirror status NAME`.',
  },
  130: {
    name: 'Interrupted',
    meaning: 'SIGINT (Ctrl-C), SIGTERM or SIGHUP ended the command.',
    advice: 'The experiment goes on, unless run was given --cleanup. Delete it to end it; everything is restored then.',
  },
} as const;

export type ExitCode = keyof typeof EXIT_CODES;

/** Reasons of Passed that are errors of the set-up, not of the candidate. */
const ERROR_REASONS: ReadonlySet<string> = new Set(['ConfigurationError', 'TelemetryError']);

/**
 * The exit code of a finished experiment, or of an evaluation.
 * @param reason that of the condition Passed
 */
export function exitCodeOf(verdict: 'Pass' | 'Fail' | 'Inconclusive' | 'Running', reason: string): ExitCode {
  if (verdict === 'Pass') return 0;
  if (verdict === 'Fail') return 1;
  return ERROR_REASONS.has(reason) ? 3 : 2;
}
