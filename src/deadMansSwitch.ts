#!/usr/bin/env node
import { readSettings, SettingsError, settingsHelp } from './settings.ts';

// Before most modules are loaded, as in main.ts.
const stopping = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => stopping.abort(new Error(`ended by ${signal} before it was done`)));
}

/**
 * Exit codes: 0 nothing is left to do, 1 something could not be restored or it could not go on, 2 a setting is wrong or
 * nothing may be done with it.
 */
async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) {
    process.stdout.write(
      'Ends the MirrorExperiments of an operator that is gone; runs once. It takes the settings of the operator, as flags ' +
        `or environment variables:\n${settingsHelp()}\n`,
    );
    return;
  }
  const settings = readSettings(args, process.env);
  const { createLog } = await import('./adapters/observability/log.ts');
  const { startDeadMansSwitch } = await import('./deadMansSwitchComposition.ts');
  const log = createLog(settings.logLevel);
  const outcome = await startDeadMansSwitch(settings, process.env, log, stopping.signal);
  if (outcome === 'failed') process.exitCode = 1;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof SettingsError ? 2 : 1;
}
