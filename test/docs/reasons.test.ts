import { describe, expect, test } from 'vitest';
import { CONDITIONS } from '../../src/api/reasons.ts';
import { readDocument, tableUnder } from './documents.ts';

const page = readDocument('docs/fix-an-experiment.md');
/** First cells of a table, which are a reason each. */
const reasonsUnder = (heading: string) => tableUnder(page, heading).map(([cell = '']) => cell.replaceAll('`', ''));
const advice = (heading: string) => tableUnder(page, heading).map(([, what = '']) => what);

describe('the page on fixing experiments has what to do for', () => {
  test('every reason for which an experiment is not accepted, and no other', () => {
    const waiting = ['Checking', 'WaitingForExperiment', 'TelemetryUnavailable'];
    const final = page.text.slice(page.text.indexOf('These are final:'));
    const finalRows = tableUnder({ ...page, text: `## Final\n${final}` }, '## Final');
    const told = [
      ...reasonsUnder('## Accepted is not True'),
      ...finalRows.map(([cell = '']) => cell.replaceAll('`', '')),
    ];
    expect(told.toSorted()).toEqual(
      Object.keys(CONDITIONS.Accepted)
        .filter((reason) => reason !== 'Accepted')
        .toSorted(),
    );
    expect(reasonsUnder('## Accepted is not True')).toEqual(waiting);
    for (const [reason, what = ''] of finalRows) expect(what.length, reason).toBeGreaterThan(15);
  });

  test('every reason of a verdict that is Inconclusive', () => {
    const running = ['Waiting', 'Preparing', 'SwitchingOn', 'AwaitingCopies', 'WarmingUp', 'Analysing'];
    const decided = ['WithinTolerance', 'Latency', 'Errors', 'CandidateCrashing', 'CandidateOutOfMemory'];
    const inconclusive = Object.keys(CONDITIONS.Passed).filter((reason) => ![...running, ...decided].includes(reason));
    expect(reasonsUnder('## The verdict is Inconclusive').toSorted()).toEqual(inconclusive.toSorted());
    for (const what of advice('## The verdict is Inconclusive')) expect(what).not.toBe('');
  });

  test('every reason of a Fail', () => {
    const told = reasonsUnder('## The verdict is Fail').flatMap((cell) => cell.split(', '));
    const failed = ['Latency', 'Errors', 'LostCopies', 'CandidateCrashing', 'CandidateOutOfMemory'];
    expect(told.toSorted()).toEqual(failed.toSorted());
  });

  test('stages that do not get on', () => {
    const stages = reasonsUnder('## It does not get on');
    expect(stages.filter((stage) => !Object.hasOwn(CONDITIONS.Passed, stage))).toEqual([]);
  });

  test('every reason for which nobody watches live', () => {
    const known = Object.keys(CONDITIONS.LiveHealthy).filter(
      (reason) => !['Watching', 'LiveDegraded'].includes(reason),
    );
    expect(reasonsUnder('## LiveHealthy is Unknown').toSorted()).toEqual(known.toSorted());
    for (const what of advice('## LiveHealthy is Unknown')) expect(what.length).toBeGreaterThan(15);
  });

  test('every reason for which mirroring has not ended as it should', () => {
    const usual = ['NotStarted', 'Ramping', 'Restarting', 'ConfigWritten', 'Copying', 'SwitchingOff', 'Restored'];
    const others = Object.keys(CONDITIONS.Mirroring).filter((reason) => !usual.includes(reason));
    expect(reasonsUnder('## It ended, but Mirroring is not Restored').toSorted()).toEqual(others.toSorted());
  });
});

test('pages quote no reason that does not exist', () => {
  const known = new Set<string>(
    Object.entries(CONDITIONS).flatMap(([type, reasons]) => [type, ...Object.keys(reasons)]),
  );
  const words = ['README.md', 'docs/read-the-result.md', 'docs/gate-ci.md', 'docs/fix-an-experiment.md'].flatMap(
    (path) =>
      [...readDocument(path).text.matchAll(/`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`/g)].map(([, word = '']) => ({
        path,
        word,
      })),
  );
  const others = new Set(['ImagePullBackOff', 'RollingUpdate', 'DefaultAzureCredential']);
  expect(words.filter(({ word }) => !known.has(word) && !others.has(word))).toEqual([]);
  expect(words.length).toBeGreaterThan(20);
});
