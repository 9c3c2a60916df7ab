import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';
import { SetupError } from './problem.mjs';
import { output, run } from './processes.mjs';
import { step } from './progress.mjs';
import { nodeMajor } from './versions.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');

/** Runs `npm ci` unless node_modules is what package-lock.json says. */
export async function installDependencies() {
  if (isInstalled()) return;
  await withLock(join(root, '.cache', 'dependencies.lock'), 'npm packages', async () => {
    if (isInstalled()) return;
    await step('Installing npm packages', '20 to 60 s', () =>
      // An old Node is expected here: the packages bring the one that is needed, so its engine warnings only alarm.
      runNpm(['ci', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', '--engine-strict=false']),
    );
  });
}

/** Version of the Node that npm scripts run after this one. Throws when it is too old. */
export async function nodeInForce() {
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` };
  const version = (await output('node', ['--version'], { env }))?.replace(/^v/, '');
  if (Number.parseInt(version ?? '0', 10) >= nodeMajor) return version;
  throw new SetupError(
    `the Node in force is ${version ?? 'not found'}; ${nodeMajor} or newer is needed. The npm package "node" brings it, ` +
      'by an install script that did not run (is ignore-scripts set for npm?).\n' +
      `  Run "npm rebuild node --ignore-scripts=false", or install Node ${nodeMajor}.`,
  );
}

function runNpm(args) {
  // The npm that runs this script, if one does, on the Node that runs it: the Node first on the PATH may be the one that
  // npm is about to replace.
  const { npm_execpath: npm, npm_node_execpath: node } = process.env;
  const [command, before] = npm?.endsWith('npm-cli.js') && node ? [node, [npm]] : ['npm', []];
  const remedy = 'Is the npm registry reachable? Then run npm run setup again.';
  return run(command, [...before, ...args], { name: 'npm', remedy, cwd: root });
}

/** npm writes node_modules/.package-lock.json when an installation is complete: it lists what is there. */
function isInstalled() {
  const installedFile = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const locked = packages(join(root, 'package-lock.json'));
  const installed = packages(installedFile);
  const isRight = (path) => installed[path]?.version === locked[path].version;
  const paths = Object.keys(locked).filter((path) => path !== '');
  return (
    // Optional packages are for other platforms, unless they are there.
    paths.every((path) => isRight(path) || (locked[path].optional && !installed[path])) &&
    Object.keys(installed).every((path) => locked[path] !== undefined)
  );
}

function packages(lockFile) {
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
}
