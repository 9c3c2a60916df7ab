import { readFile, writeFile } from 'node:fs/promises';
import { settingsHelp } from '../src/settings.ts';
import { settingOf } from './generateSettingsTable.ts';

export const chart = new URL('../charts/mirror-experiment/', import.meta.url);
const schemaFile = new URL('values.schema.json', chart);

/** Files of the chart that are copies: Helm reads nothing from outside of a chart. */
export const COPIES = [
  copied('crds/mirrorexperiments.yaml', 'crds/mirrorexperiments.yaml'),
  copied('deploy/monitoring/alerts.yaml', 'files/alerts.yaml'),
  copied('deploy/monitoring/dashboard.json', 'files/dashboard.json'),
];

function copied(from: string, to: string): readonly [from: URL, to: URL] {
  return [new URL(`../${from}`, import.meta.url), new URL(to, chart)];
}

/** Settings that the chart sets itself, from other values or because its manifests rest on them. */
const OF_THE_CHART = new Set([
  ...['WATCH_NAMESPACE', 'ALLOWED_SOURCES', 'DEAD_MANS_SWITCH_SECONDS', 'HEALTH_ADDRESS', 'HEALTH_PORT'],
  ...['METRICS_ADDRESS', 'METRICS_PORT', 'LEADER_ELECTION', 'LEASE_NAME', 'LEASE_NAMESPACE'],
]);

/**
 * The schema of the chart's values with the settings made anew from `help`, one line a setting as `--help` prints it.
 * Throws when the schema has no place for them, or a line has another form.
 */
export function withSettings(schema: string, help: string = settingsHelp()): string {
  const settings = help
    .split('\n')
    .map(settingOf)
    .filter(({ name }) => !OF_THE_CHART.has(name));
  const properties = settings.map(
    ({ name, text }) =>
      `        "${name}": {\n          "description": ${JSON.stringify(text)},\n          "$ref": "#/$defs/setting"\n        }`,
  );
  const place = /("settings": \{\n(?: {6}"[^\n]*\n)*? {6}"properties": \{)(?:\}|\n[\s\S]*?\n {6}\})/;
  if (!place.test(schema)) throw new Error('values.schema.json has no properties of settings');
  return schema.replace(place, (_, before: string) => `${before}\n${properties.join(',\n')}\n      }`);
}

if (import.meta.main) {
  for (const [from, to] of COPIES) await writeFile(to, await readFile(from));
  await writeFile(schemaFile, withSettings(await readFile(schemaFile, 'utf8')));
}
