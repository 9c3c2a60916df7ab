import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSeq, parseDocument } from 'yaml';
import type { ContainerContext, Images, ProgramImage } from '../node/startNode.ts';
import { versionNames } from './bookservice/versions.ts';

/** The lab's images as programs of this machine. @param envoy path of the Envoy binary. */
export function labImages(envoy: string): Exclude<Images, 'instant'> {
  const server = join(import.meta.dirname, 'bookservice', 'server.ts');
  const bookservices = versionNames.map((version): [string, ProgramImage] => [
    `readymirroring/bookservice:${version}`,
    { command: [process.execPath, server], env: { BOOKSERVICE_IMAGE_VERSION: version } },
  ]);
  return {
    ...Object.fromEntries(bookservices),
    'envoyproxy/envoy:v1.40.0': {
      // Hot restart uses shared memory that Envoys of one machine would fight for.
      command: [envoy, '--disable-hot-restart', '--concurrency', '1', '--log-level', 'warn'],
      prepare: moveEnvoyPorts,
    },
  };
}

/**
 * A container has an address of its own and may listen on its ports even while another pod of the same kind does. Here all
 * share 127.0.0.1, so Envoy runs from a copy of its configuration in which the addresses it listens on have this
 * container's host ports, and mounted paths the directories that stand for them. The projected file stays as it is.
 */
async function moveEnvoyPorts({ args, ports, directory, hostPaths }: ContainerContext): Promise<readonly string[]> {
  const at = args.findIndex((arg) => arg === '-c' || arg === '--config-path') + 1;
  const path = args[at];
  if (at === 0 || path === undefined) throw new Error('envoy: -c FILE is missing from args');
  const document = parseDocument(await readFile(path, 'utf8'));
  if (document.errors[0] !== undefined) throw document.errors[0];
  const move = (path: readonly (string | number)[]) => {
    const keys = [...path, 'address', 'socket_address', 'port_value'];
    const port = ports.get(Number(document.getIn(keys)));
    if (port !== undefined) document.setIn(keys, port);
    else if (document.hasIn(keys)) throw new Error(`envoy: ${keys.join('.')} is not among the container's ports`);
  };
  move(['admin']);
  const listeners = document.getIn(['static_resources', 'listeners']);
  if (isSeq(listeners)) for (const index of listeners.items.keys()) move(['static_resources', 'listeners', index]);
  const copy = join(directory, 'envoy.yaml');
  await writeFile(copy, hostPaths(document.toString()));
  return args.with(at, copy);
}
