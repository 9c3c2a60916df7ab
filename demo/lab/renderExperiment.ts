import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The lab's experiment on one version of the bookservice, as YAML. */
export async function renderExperiment(version: 'V2' | 'V3' | 'V4', workspaceId: string): Promise<string> {
  const template = await readFile(join(import.meta.dirname, 'experiment.yaml'), 'utf8');
  return template
    .replaceAll('__LOWER__', version.toLowerCase())
    .replaceAll('__VERSION__', version)
    .replaceAll('__WORKSPACE__', workspaceId);
}
