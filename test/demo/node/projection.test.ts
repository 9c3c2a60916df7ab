import { lstat, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { projectFiles } from '../../../demo/node/projection.ts';

describe('projectFiles', () => {
  let volume: string;
  beforeEach(async () => {
    volume = join(await mkdtemp(join(tmpdir(), 'projection-')), 'config');
  });
  afterEach(() => rm(join(volume, '..'), { recursive: true }));
  const files = (entries: Record<string, string>) =>
    new Map(Object.entries(entries).map(([path, text]) => [path, Buffer.from(text)]));
  const read = (path: string) => readFile(join(volume, path), 'utf8');

  it('lays files out as the kubelet does: names through ..data into a timestamped directory', async () => {
    await projectFiles(volume, files({ 'envoy.yaml': 'one', 'conf/nested.txt': 'two' }));
    expect(await readlink(join(volume, 'envoy.yaml'))).toBe('..data/envoy.yaml');
    expect(await readlink(join(volume, '..data'))).toMatch(/^\.\.\d{4}(_\d\d){5}\.\d+$/);
    expect(await read('envoy.yaml')).toBe('one');
    expect(await read('conf/nested.txt')).toBe('two');
  });

  it('a change swings ..data, adds and removes names, and leaves one directory', async () => {
    await projectFiles(volume, files({ a: '1', gone: 'x' }));
    const before = await readlink(join(volume, '..data'));
    const link = await lstat(join(volume, 'a'));
    await projectFiles(volume, files({ a: '2', added: 'y' }), files({ a: '1', gone: 'x' }));
    expect(await readlink(join(volume, '..data'))).not.toBe(before);
    expect((await lstat(join(volume, 'a'))).ino).toBe(link.ino); // the visible name itself is not touched
    expect([await read('a'), await read('added')]).toEqual(['2', 'y']);
    const names = await readdir(volume);
    expect(names.filter((name) => !name.startsWith('..')).sort()).toEqual(['a', 'added']);
    expect(names.filter((name) => name.startsWith('..2'))).toHaveLength(1);
  });

  it('does not touch anything when nothing changed', async () => {
    await projectFiles(volume, files({ a: '1' }));
    const before = await readlink(join(volume, '..data'));
    expect(await projectFiles(volume, files({ a: '1' }), files({ a: '1' }))).toBe(false);
    expect(await readlink(join(volume, '..data'))).toBe(before);
  });
});
