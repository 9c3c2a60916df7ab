import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { settingsHelp } from '../../src/settings.ts';
import { COPIES, chart, withSettings } from '../../tools/generateChart.ts';

const schema = await readFile(new URL('values.schema.json', chart), 'utf8');

describe('what the chart has from elsewhere', () => {
  test.for(COPIES)('is a copy of %s', async ([from, to]) => {
    expect(await readFile(to, 'utf8'), `${to.pathname} is stale: run npm run generate`).toBe(
      await readFile(from, 'utf8'),
    );
  });

  test('is the settings, in the schema of its values', () => {
    expect(schema, 'values.schema.json is stale: run npm run generate').toBe(withSettings(schema));
    const { properties } = JSON.parse(schema).properties.settings;
    expect(properties.LOG_LEVEL.description).toBe('debug, info, warn or error');
    expect(properties.LEASE_NAME).toBeUndefined();
  });

  test('a new setting changes the schema, and one that is gone is taken out', () => {
    const changed = withSettings(
      schema,
      `${settingsHelp().split('\n').slice(3).join('\n')}\n  --colour  of the log (COLOUR)`,
    );
    const { properties } = JSON.parse(changed).properties.settings;
    expect(properties.COLOUR).toEqual({ description: 'of the log', $ref: '#/$defs/setting' });
    expect(properties.LOG_LEVEL).toBeUndefined();
    expect(withSettings(changed)).toBe(schema);
  });

  test('a schema without a place for settings is refused', () => {
    expect(() => withSettings('{}')).toThrow('has no properties of settings');
  });
});
