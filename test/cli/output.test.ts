import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { human } from '../../src/cli/output/human.ts';
import { escapeXml } from '../../src/cli/output/junit.ts';
import { resultMarkdown } from '../../src/cli/output/markdown.ts';
import { plain } from '../../src/cli/output/plain.ts';
import { render } from '../../src/cli/output/render.ts';
import type { GateRow, Result } from '../../src/cli/output/result.ts';

const row: GateRow = {
  verdict: 'Fail',
  route: 'GET Reviews/Get',
  gate: 'p50',
  live: '15 ms',
  mirror: '1,208 ms',
  delta: '+1,193 ms',
  tolerated: '+20 ms',
  towardsPass: '0 %',
  towardsFail: '100 %',
};

const result: Result = {
  subject: 'bookstore/bookservice-v3',
  verdict: 'Fail',
  reason: 'Latency',
  summary: 'Fail: p50 of GET Reviews/Get rose 1,193 ms (15 → 1,208; tolerated 20) after 62 requests',
  exitCode: 1,
  gates: [
    row,
    {
      ...row,
      gate: 'errors',
      verdict: 'Running',
      live: '0 %',
      mirror: '0 %',
      delta: '±0 pp',
      tolerated: '+1 pp',
      towardsFail: '0 %',
    },
    {
      ...row,
      gate: 'coverage',
      verdict: 'Pass',
      live: '62',
      mirror: '62',
      delta: '0 % lost',
      tolerated: '5 % lost',
      towardsFail: '0 %',
      towardsPass: '-',
    },
  ],
  figures: { complete: true },
};

/** What telemetry, which whoever sends requests can write in part, may name a route. */
const HOSTILE =
  '\u001b]0;x\u0007\u001b[31mGET /a|b\n::error::x ##vso[task.setvariable]@all <img src=x> [l](https://x) `c` "q" \u202e';
const hostile: Result = {
  ...result,
  subject: HOSTILE,
  reason: HOSTILE,
  summary: HOSTILE,
  gates: [{ ...row, route: HOSTILE }],
};

test('for people', () => {
  expect(human(result)).toBe(
    `Fail (Latency): p50 of GET Reviews/Get rose 1,193 ms (15 → 1,208; tolerated 20) after 62 requests

VERDICT   ROUTE             GATE       LIVE    CANDIDATE   DELTA       TOLERATED   TO FAIL   TO PASS
Fail      GET Reviews/Get   p50        15 ms   1,208 ms    +1,193 ms   +20 ms      100 %     0 %
Running   GET Reviews/Get   errors     0 %     0 %         ±0 pp       +1 pp       0 %       0 %
Pass      GET Reviews/Get   coverage   62      62          0 % lost    5 % lost    0 %       -
`,
  );
});

test('as JUnit: what is undecided beside a Fail is skipped', () => {
  expect(render(result, 'junit')).toBe(
    `<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="4" failures="2" errors="0" skipped="1">
  <testsuite name="bookstore/bookservice-v3" tests="4" failures="2" errors="0" skipped="1">
    <testcase classname="bookstore/bookservice-v3" name="verdict">
      <failure message="Latency: Fail: p50 of GET Reviews/Get rose 1,193 ms (15 → 1,208; tolerated 20) after 62 requests"/>
    </testcase>
    <testcase classname="bookstore/bookservice-v3" name="GET Reviews/Get p50">
      <failure message="Fail: live 15 ms, candidate 1,208 ms, delta +1,193 ms, tolerated +20 ms"/>
    </testcase>
    <testcase classname="bookstore/bookservice-v3" name="GET Reviews/Get errors">
      <skipped message="Running: live 0 %, candidate 0 %, delta ±0 pp, tolerated +1 pp"/>
    </testcase>
    <testcase classname="bookstore/bookservice-v3" name="GET Reviews/Get coverage"/>
  </testsuite>
</testsuites>
`,
  );
});

test('as JUnit, an Inconclusive is an error and no success', () => {
  const inconclusive = {
    ...result,
    verdict: 'Inconclusive',
    exitCode: 2,
    gates: [{ ...row, verdict: 'Inconclusive' }],
  } as const;
  expect(render(inconclusive, 'junit')).toContain('<testsuites tests="2" failures="0" errors="2" skipped="0">');
});

test('as Markdown', () => {
  expect(resultMarkdown(result)).toMatch(/^### ❌ bookstore\/bookservice.*v3: Fail \(Latency\)\n\n/);
  expect(resultMarkdown(result)).toMatch(
    /\n\| ❌ \| GET Reviews\/Get \| p50 \| 15 ms \| 1,208 ms \| .*1,193 ms \| .*20 ms \|\n/,
  );
});

test('JSON and YAML say the same', () => {
  const json = JSON.parse(render(result, 'json'));
  const { subject, verdict, reason, summary, exitCode } = result;
  expect(json).toEqual({ subject, verdict, reason, summary, exitCode, complete: true });
  expect(parse(render(result, 'yaml'))).toEqual(json);
});

describe('names from outside', () => {
  test('do not steer a terminal, begin a line or give commands to CI', () => {
    for (const text of [human(hostile), resultMarkdown(hostile)]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      expect(text).not.toMatch(/^\s*::/m);
      expect(text).not.toContain('##vso[');
    }
    expect(plain('##[group]x')).toBe('# #[group]x');
  });

  test('stay text in Markdown', () => {
    const text = resultMarkdown(hostile);
    expect(text).not.toContain('<img');
    expect(text).not.toContain('](https');
    expect(text.split('\n').filter((line) => line.startsWith('|'))).toHaveLength(3);
  });

  test('leave XML well-formed, whatever they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const escaped = escapeXml(text);
        expect(escaped).not.toMatch(/[<>"]|&(?!amp;|lt;|gt;|quot;|#\d+;)/);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 cannot hold them
        expect(escaped).not.toMatch(/[\u0000-\u001f\ud800-\udfff\ufffe\uffff]/u);
      }),
    );
  });
});
