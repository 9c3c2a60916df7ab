import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';

/**
 * Writes a volume's files as the kubelet's atomic writer does: into a new timestamped directory, to which the symlink
 * `..data` is swung by one rename; the visible names are symlinks through `..data`. A reader sees the old files or the
 * new ones, never a mixture. Does nothing when the files are the same already.
 * @param files by path relative to the volume.
 * @returns whether anything changed.
 */
export async function projectFiles(volume: string, files: ReadonlyMap<string, Buffer>, current?: ProjectedFiles) {
  if (current !== undefined && sameFiles(current, files)) return false;
  await mkdir(volume, { recursive: true });
  const old = await readlink(join(volume, '..data')).catch(() => undefined);
  const directory = `..${timestamp()}.${randomBytes(5).readUIntBE(0, 5) % 1_000_000_000}`;
  await mkdir(join(volume, directory));
  for (const [path, content] of files) {
    await mkdir(dirname(join(volume, directory, path)), { recursive: true });
    await writeFile(join(volume, directory, path), content);
  }
  await symlink(directory, join(volume, '..data_tmp'));
  await rename(join(volume, '..data_tmp'), join(volume, '..data'));

  const visible = new Set([...files.keys()].map((path) => path.split(sep, 1)[0] ?? path));
  const present = new Set((await readdir(volume)).filter((name) => !name.startsWith('..')));
  for (const name of visible) if (!present.has(name)) await symlink(join('..data', name), join(volume, name));
  for (const name of present) if (!visible.has(name)) await rm(join(volume, name));
  if (old !== undefined) await rm(join(volume, old), { recursive: true });
  return true;
}

export type ProjectedFiles = ReadonlyMap<string, Buffer>;

function sameFiles(a: ProjectedFiles, b: ProjectedFiles): boolean {
  return a.size === b.size && [...a].every(([path, content]) => b.get(path)?.equals(content) ?? false);
}

/** As in the kubelet: 2006_01_02_15_04_05 */
function timestamp(): string {
  return new Date().toISOString().slice(0, 19).replaceAll(/[-T:]/g, '_');
}
