import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { validateBootstrap } from '../../../support/envoy.ts';
import { Draw } from './draw.ts';
import { generateConfig } from './generateConfig.ts';
import { fixture, fixtureNames, intentOf, patchedText } from './support.ts';
import { writeConfig } from './writeConfig.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'envoy-validate-'));
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function verdict(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return validateBootstrap(path);
}

describe('the real Envoy accepts every edited bootstrap', () => {
  test.each(fixtureNames('good'))('%s', async (name) => {
    const text = fixture(`good/${name}`);
    expect(await verdict(name, text)).toBe('');
    expect(await verdict(name, patchedText(name, text, intentOf()))).toBe('');
    expect(await verdict(name, patchedText(name, text, intentOf({ methods: ['*'], percent: 100 })))).toBe('');
    const windows = text.replaceAll('\n', '\r\n');
    expect(await verdict(name, patchedText(name, windows, intentOf({ methods: ['GET'] })))).toBe('');
  });

  test('a mark and names with special characters', async () => {
    const strange = intentOf({
      mirrorCluster: `books: "mirror" #2 {été} 'x' \\ 名前`,
      mark: { header: 'x-mirror', value: '100% "sure": #1' },
    });
    for (const name of ['unindented-lists.yaml', 'flow-style.yaml', 'pretty.json']) {
      expect(await verdict(name, patchedText(name, fixture(`good/${name}`), strange))).toBe('');
    }
  });

  test('generated configs', { timeout: 120_000 }, async () => {
    let validated = 0;
    for (let seed = 1; validated < 60; seed++) {
      const draw = new Draw(seed);
      const config = generateConfig(draw);
      const text = writeConfig(draw, config.data);
      if (!config.live.some(({ method }) => method !== 'POST')) continue;
      const methods = draw.pick(['*'], ['GET', 'HEAD']);
      const after = patchedText('x', text, intentOf({ liveCluster: config.liveCluster, methods }));
      expect(await verdict(text.startsWith('{') ? 'g.json' : 'g.yaml', after), `seed ${seed}`).toBe('');
      validated++;
    }
  });
});
