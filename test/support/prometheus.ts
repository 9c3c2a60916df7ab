import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { prometheusLocation } from '../../tools/setup/locations.mjs';

const { binaries } = prometheusLocation();

/** Whether `npm run setup` could provide Prometheus. */
export const hasPrometheus = existsSync(binaries.prometheus) && existsSync(binaries.promtool);

/** For tests that are skipped without it. */
export const noPrometheus =
  'no Prometheus on this machine: npm run setup says why, and PROMETHEUS_DIRECTORY may name one';

/** Runs the real promtool. A non-zero exit code is a result. */
export function promtool(args: readonly string[], cwd: string): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    execFile(binaries.promtool, [...args], { cwd, timeout: 60_000 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ code: Number(error?.code ?? 0), output: `${stdout}${stderr}` });
    });
  });
}
