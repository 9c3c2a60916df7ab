#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import type { Tracing } from './adapters/observability/tracing.ts';
import type { Log } from './engine/ports/log.ts';
import { readSettings, SettingsError, settingsHelp } from './settings.ts';
import { keepFootprintSmall } from './smallFootprint.ts';

// The kernel keeps from process 1 of a container what it does not handle. Most modules are imported later than this,
// because they take a second to load, in which SIGTERM would be lost.
const signalled = new Promise<NodeJS.Signals>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, resolve);
});

/** Exit codes: 0 ended by SIGTERM or SIGINT, 1 could not start or go on, 2 a setting is wrong. */
async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) {
    process.stdout.write(
      `The MirrorExperiment operator. Settings, as flags or environment variables:\n${settingsHelp()}\n`,
    );
    return;
  }
  const settings = readSettings(args, process.env);
  keepFootprintSmall();
  const { createLog } = await import('./adapters/observability/log.ts');
  const { startOperator } = await import('./composition.ts');
  let tracing: Tracing | undefined;
  const log = createLog(settings.logLevel, () => tracing?.ids() ?? {});
  const version = await ownVersion();
  tracing = await startTracing(version, log);
  const operator = await startOperator(settings, { environment: process.env, log, tracing, version });
  let stopping = false;
  const stop = (reason: Readonly<Record<string, unknown>>): void => {
    if (stopping) return;
    stopping = true;
    log.info('stopping', reason);
    operator
      .stop()
      .then(
        () => log.info('stopped'),
        (error: unknown) => {
          log.error('the operator did not stop cleanly', { error });
          process.exitCode = 1;
        },
      )
      .finally(() => {
        // The exporter goes on trying to send what it has been given, for up to its time limit.
        if (tracing !== undefined) process.exit();
      });
  };
  void signalled.then((signal) => stop({ signal }));
  operator.failed.catch((error: unknown) => {
    log.error('the operator cannot go on', { error });
    process.exitCode = 1;
    stop({});
  });
}

/** Loads OpenTelemetry only when the environment says where spans go. */
async function startTracing(version: string, log: Log): Promise<Tracing | undefined> {
  const { isTracingWanted, tracingProblem } = await import('./adapters/observability/tracing.ts');
  if (!isTracingWanted(process.env)) return undefined;
  const problem = tracingProblem(process.env);
  if (problem !== undefined) throw new SettingsError(problem);
  const { startOpenTelemetry } = await import('./adapters/observability/openTelemetry.ts');
  return startOpenTelemetry(process.env, version, log);
}

/** The same from src/ and dist/. */
async function ownVersion(): Promise<string> {
  const file: unknown = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof file === 'object' && file !== null && 'version' in file ? String(file.version) : 'unknown';
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof SettingsError ? 2 : 1;
}
