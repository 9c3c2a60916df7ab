import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stripMirror } from '../../../../src/core/mirror/envoy/stripMirror.ts';
import { validateBootstrap } from '../../../support/envoy.ts';
import { changeByOthers } from './changeByOthers.ts';
import { Draw } from './draw.ts';
import { generateConfig } from './generateConfig.ts';
import { fixture, fixtureNames, intentOf, patched, patchedText } from './support.ts';
import { writeConfig } from './writeConfig.ts';

const TARGET = { mark: { header: 'x-mirror', value: 'experiment' }, mirrorCluster: 'bookservicemirror' };
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'envoy-strip-'));
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function verdict(text: string): Promise<string> {
  const path = join(directory, text.startsWith('{') ? 'c.json' : 'c.yaml');
  await writeFile(path, text);
  return validateBootstrap(path);
}

test.each(fixtureNames('good'))('the real Envoy accepts %s with the mirror taken out', async (name) => {
  const text = patchedText(name, fixture(`good/${name}`), intentOf());
  const changed = text.replaceAll('HUNDRED', 'TEN_THOUSAND');
  const stripped = stripMirror({ [name]: changed }, TARGET);
  expect(stripped).toMatchObject({ copying: [], left: [] });
  expect(await verdict(stripped.files[name] ?? '')).toBe('');
});

test('the real Envoy accepts what it accepted with the changes of others', { timeout: 180_000 }, async () => {
  let accepted = 0;
  for (let seed = 1; accepted < 40; seed++) {
    const draw = new Draw(seed);
    const config = generateConfig(draw);
    if (!config.live.some(({ method }) => method !== 'POST')) continue;
    const text = writeConfig(draw, config.data);
    const methods = draw.pick(['*'], ['GET', 'HEAD']);
    const mirror = patched({ routes: { key: 'x', text } }, intentOf({ liveCluster: config.liveCluster, methods }));
    const changed = changeByOthers(draw, mirror.files.x ?? '', mirror.edits[0]?.edits ?? []);
    const stripped = stripMirror({ x: changed }, TARGET).files.x;
    if (stripped === undefined || (await verdict(changed)) !== '') continue;
    expect(await verdict(stripped), `seed ${seed}`).toBe('');
    accepted++;
  }
});
