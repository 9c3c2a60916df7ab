import type { GateRow, Result } from './result.ts';

/**
 * One test suite with a test case for each gate of each route, as CI systems show them. A gate that is not decided is an
 * error where the verdict is Inconclusive, so that it is not taken for a success, and skipped where another one decided.
 */
export function junit(result: Result): string {
  const cases = result.gates.map((row) => ({ row, outcome: outcomeOf(row, result) }));
  const count = (kind: string) => cases.filter(({ outcome }) => outcome.kind === kind).length;
  const verdict = { kind: result.exitCode === 0 ? 'passed' : result.verdict === 'Fail' ? 'failure' : 'error' };
  const totals = {
    tests: cases.length + 1,
    failures: count('failure') + Number(verdict.kind === 'failure'),
    errors: count('error') + Number(verdict.kind === 'error'),
    skipped: count('skipped'),
  };
  const counts = Object.entries(totals)
    .map(([name, value]) => `${name}="${value}"`)
    .join(' ');
  const lines = [
    testCase(result.subject, 'verdict', verdict.kind, `${result.reason}: ${result.summary}`),
    ...cases.map(({ row, outcome }) =>
      testCase(result.subject, `${row.route} ${row.gate}`, outcome.kind, outcome.message),
    ),
  ];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="${escapeXml(result.subject)}" ${counts}>`,
    ...lines,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function outcomeOf(row: GateRow, { verdict }: Result): { kind: string; message: string } {
  const figures = `live ${row.live}, candidate ${row.mirror}, delta ${row.delta}, tolerated ${row.tolerated}`;
  const message = `${row.verdict}: ${figures}`;
  if (row.verdict === 'Pass') return { kind: 'passed', message };
  if (row.verdict === 'Fail') return { kind: 'failure', message };
  return { kind: verdict === 'Inconclusive' || verdict === 'Running' ? 'error' : 'skipped', message };
}

function testCase(suite: string, name: string, kind: string, message: string): string {
  const start = `    <testcase classname="${escapeXml(suite)}" name="${escapeXml(name)}"`;
  if (kind === 'passed') return `${start}/>`;
  return `${start}>\n      <${kind} message="${escapeXml(message)}"/>\n    </testcase>`;
}

/** For text and attributes; characters that XML 1.0 cannot hold at all are replaced. */
export function escapeXml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}
