import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { EXIT_CODES, exitCodeOf } from '../../src/api/exitCodes.ts';
import { CONDITIONS } from '../../src/api/reasons.ts';
import { EXPLANATIONS, explain } from '../../src/cli/commands/explain.ts';
import { COMMANDS } from '../../src/cli/commandTable.ts';
import { dispatch } from '../../src/cli/dispatch.ts';
import { linesOf } from '../../src/cli/lines.ts';
import { durationOf } from '../../src/cli/values.ts';
import { parseLatency } from '../../src/cli/whatIfFlags.ts';

async function call(...args: string[]) {
  let [out, err] = ['', ''];
  const terminal = {
    out: async (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    interactive: false,
    columns: () => 80,
  };
  const surroundings = { terminal, environment: {}, input: Readable.from([]), setLastWords: () => {} };
  const interrupted = new AbortController().signal;
  const code = await dispatch(COMMANDS, args, { ...surroundings, interrupted }, async () => '1.2.3');
  return { code, out, err };
}

describe('help', () => {
  test.for([['--help'], ['-h'], ['help']])('%s names every command and exit code', async (args) => {
    const { code, out } = await call(...args);
    expect(code).toBe(0);
    for (const { name } of COMMANDS) expect(out).toContain(`  ${name} `);
    for (const [exitCode, { name }] of Object.entries(EXIT_CODES))
      expect(out).toMatch(new RegExp(`^  ${exitCode} +${name}`, 'm'));
  });

  test.for(COMMANDS)('of $name tells every option', async ({ name, options }) => {
    for (const args of [
      [name, '--help'],
      [name, '-h'],
      ['help', name],
    ]) {
      const { code, out } = await call(...args);
      expect(code).toBe(0);
      expect(out).toContain(`Usage: kubectl-mirror ${name}`);
      for (const option of Object.keys(options)) expect(out).toContain(`--${option}`);
      expect(
        Math.max(
          ...out
            .split('\n')
            .filter((line) => !/^ {2}kubectl/.test(line))
            .map((line) => line.length),
        ),
      ).toBeLessThan(125);
    }
  });

  test('without a command it goes to standard error, and the exit code is that of an error', async () => {
    expect(await call()).toMatchObject({ code: 3, out: '', err: expect.stringContaining('Commands:') });
  });

  test('the version', async () => {
    expect(await call('--version')).toMatchObject({ code: 0, out: '1.2.3\n' });
  });
});

test.for<[args: string[], message: RegExp]>([
  [['fly'], /there is no command "fly"; the commands are run, wait/],
  [['wait'], /usage: kubectl-mirror wait NAME/],
  [['wait', 'a', 'b'], /usage: kubectl-mirror wait NAME/],
  [['wait', 'a', '--fast'], /Unknown option '--fast'; see kubectl-mirror wait --help/],
  [['wait', 'a', '--timeout', 'soon'], /--timeout soon: must be a time such as 90s/],
  [['wait', 'a', '--generation', '0'], /--generation 0: must be a whole number from 1 on/],
  [['judge', '-', '--latency', 'p95'], /--latency p95: must be such as p95=10%,20ms/],
  [['judge', '-', '--deadline', 'no'], /--deadline no: must be true or false/],
  [['status', 'a', '-o', 'xml'], /--output xml: must be human, json, yaml, markdown, junit/],
  [['explain', 'evidence'], /"evidence" is no reason, condition or exit code; did you mean NotEnoughEvidence/],
])('%j is refused', async ([args, message]) => {
  await expect(call(...args)).rejects.toThrow(message);
});

describe('explain', () => {
  test('has every condition, reason and exit code', () => {
    for (const [condition, reasons] of Object.entries(CONDITIONS)) {
      expect(explain(condition)).toContainEqual(expect.objectContaining({ kind: 'condition', name: condition }));
      for (const [reason, meaning] of Object.entries(reasons)) {
        expect(meaning, reason).not.toBe('');
        expect(explain(`${condition}/${reason}`)).toEqual([
          expect.objectContaining({ name: reason, condition, meaning }),
        ]);
      }
    }
    for (const code of Object.keys(EXIT_CODES)) expect(explain(code)).toHaveLength(1);
  });

  test('says what to do about every reason for which there is no verdict', () => {
    const good = ['WithinTolerance', 'Latency', 'Errors'];
    const without = EXPLANATIONS.filter(({ condition, whatToDo }) => condition === 'Passed' && whatToDo === undefined);
    const running = ['Waiting', 'Preparing', 'SwitchingOn', 'AwaitingCopies', 'WarmingUp', 'Analysing'];
    expect(without.map(({ name }) => name).filter((name) => !running.includes(name))).toEqual(good);
  });
});

test('exit codes by verdict and reason', () => {
  const codes = (verdict: Parameters<typeof exitCodeOf>[0], reasons: string[]) =>
    reasons.map((each) => exitCodeOf(verdict, each));
  expect(codes('Pass', ['WithinTolerance'])).toEqual([0]);
  expect(codes('Fail', ['Latency', 'Errors', 'LostCopies', 'CandidateCrashing'])).toEqual([1, 1, 1, 1]);
  expect(codes('Inconclusive', ['NotEnoughEvidence', 'LostCopies', 'LiveDegraded', 'TargetChanged'])).toEqual([
    2, 2, 2, 2,
  ]);
  expect(codes('Inconclusive', ['ConfigurationError', 'TelemetryError'])).toEqual([3, 3]);
  expect(codes('Running', ['NotEnoughEvidence'])).toEqual([2]);
});

test('durations are those of kubectl, or seconds', () => {
  const of = (timeout: string) => durationOf({ timeout }, 'timeout');
  expect(['90', '90s', '1h30m', '0', '1.5m', '250ms', '2d'].map(of)).toEqual([
    90_000, 90_000, 5_400_000, 0, 90_000, 250, 172_800_000,
  ]);
  for (const wrong of ['', 'h', '1x', '-5s', '1h 5m']) expect(() => of(wrong)).toThrow(/must be a time/);
});

test('latency tolerances', () => {
  expect(parseLatency('p95=10%,20ms')).toEqual([95, { maxIncreasePercent: 10, maxIncreaseMilliseconds: 20 }]);
  expect(parseLatency('p99=25%,fail-only')).toEqual([
    99,
    { maxIncreasePercent: 25, maxIncreaseMilliseconds: 0, failOnly: true },
  ]);
  expect(parseLatency('p50=off')).toEqual([50, null]);
  for (const wrong of ['p100=1%', 'p0=1%', '95=1%', 'p95=', 'p95=1%,2%', 'p95=fail-only', 'p95=1']) {
    expect(() => parseLatency(wrong)).toThrow(/must be such as/);
  }
});

describe('lines of a stream', () => {
  async function lines(chunks: readonly string[], most = 100) {
    const found = [];
    for await (const some of linesOf(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), most))
      found.push(...some);
    return found;
  }

  test('are the same however it is cut', async () => {
    const expected = [
      { number: 1, text: 'a' },
      { number: 2, text: '' },
      { number: 3, text: 'bé' },
    ];
    const bytes = Buffer.from('a\n\nbé');
    for (let cut = 1; cut < bytes.length; cut++) {
      const found = [];
      for await (const some of linesOf(Readable.from([bytes.subarray(0, cut), bytes.subarray(cut)]), 100))
        found.push(...some);
      expect(found).toEqual(expected);
    }
  });

  test('that are too long are skipped, and told', async () => {
    expect(await lines(['a\n', 'x'.repeat(60), 'x'.repeat(60), '\nb\n'])).toEqual([
      { number: 1, text: 'a' },
      { number: 2, text: null },
      { number: 3, text: 'b' },
    ]);
  });
});
