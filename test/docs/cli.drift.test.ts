import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { EXIT_CODES } from '../../src/api/exitCodes.ts';
import { CONDITIONS } from '../../src/api/reasons.ts';
import { COMMANDS } from '../../src/cli/commandTable.ts';
import { cliReferenceFile, generateCliReference } from '../../tools/generateCliReference.ts';
import { generateRemedies, remediesFile, remediesPage } from '../../tools/generateRemedies.ts';

const page = await readFile(cliReferenceFile, 'utf8');

test('the reference of kubectl-mirror is that of its commands and exit codes', () => {
  expect(page, 'docs/reference/cli.md is stale: run npm run generate').toBe(generateCliReference());
});

test('a new exit code, command or option changes the page', () => {
  const code = { name: 'Bored', meaning: 'Nobody looked.', advice: 'Look.' };
  expect(generateCliReference(COMMANDS, { ...EXIT_CODES, 9: code })).toContain(
    '| `9` | Bored | Nobody looked. | Look. |',
  );
  expect(generateCliReference(COMMANDS.slice(1))).not.toBe(page);
});

test('explain says what the page on fixing experiments says', async () => {
  const source = await readFile(remediesPage, 'utf8');
  expect(await readFile(remediesFile, 'utf8'), 'src/api/remedies.generated.ts is stale: run npm run generate').toBe(
    generateRemedies(source),
  );
  const changed = source.replace('Migrate the configuration to the v3 API.', 'Write it anew.');
  expect(generateRemedies(changed)).toContain('"ConfigV2Api": "Write it anew. See docs/fix-an-experiment.md#');
});

test('a row belongs to the condition that its heading names, else to Passed', () => {
  const rows = (heading: string) =>
    `## ${heading}\n\n| reason | what to do |\n|---|---|\n| \`TelemetryError\` | Look [there](x.md). |\n`;
  const made = (heading: string) =>
    JSON.parse(/= (\{.*\});/s.exec(generateRemedies(rows(heading), CONDITIONS))?.[1] ?? '');
  expect(made('LiveHealthy is Unknown').LiveHealthy.TelemetryError).toMatch(/^Look there\. See /);
  expect(made('LiveHealthy is Unknown').Passed).toEqual({});
  expect(made('Others').Passed.TelemetryError).toMatch(/^Look there\. /);
});
