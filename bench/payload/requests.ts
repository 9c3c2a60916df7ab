import { join } from 'node:path';
import type { Database } from '../../demo/azure-monitor/database.ts';

export const LIVE = 'live-1';
export const MIRROR = 'mirror-1';
/** An hour of 120 blocks. */
export const WINDOW = { start: Date.UTC(2026, 0, 1), end: Date.UTC(2026, 0, 1, 1) };
const ROUTES = 8;

/** Moves the stand-in's table to a file, with bounds on memory: ten million rows take gigabytes. */
export async function keepOnDisk(database: Database, directory: string): Promise<void> {
  for (const statement of [
    `SET GLOBAL memory_limit = '2GB'`,
    `SET GLOBAL temp_directory = '${join(directory, 'spilled')}'`,
    `ATTACH '${join(directory, 'requests.db')}' AS store`,
    'CREATE TABLE store.main.request_rows AS FROM request_rows',
    'DROP TABLE request_rows',
    'CREATE VIEW request_rows AS FROM store.main.request_rows',
  ]) {
    await database.read(statement);
  }
}

/**
 * Replaces all rows by so many, half of them live's and half of them copies with the same operation ids: eight routes,
 * evenly over the window, log-normal durations (σ 0.5) around 15 to 50 ms, one in 500 failed. The same at every call.
 */
export async function fill(database: Database, requests: number): Promise<void> {
  const { start, end } = WINDOW;
  const uniform = (salt: number): string => `((hash(i * 8 + ${salt}) >> 11) + 1) / 9007199254740993.0`;
  await database.read('TRUNCATE store.main.request_rows');
  await database.read(`INSERT INTO store.main.request_rows
    SELECT 0, now()::TIMESTAMP, make_timestamp(${start * 1000} + pair * ${(end - start) * 1000} // ${requests / 2}),
      substr(md5(i::VARCHAR), 1, 16), name, '', NOT failed, CASE WHEN failed THEN '500' ELSE '200' END,
      (15 + 5 * route) * exp(0.5 * sqrt(-2 * ln(u1)) * cos(2 * pi() * u2)), 1, md5(pair::VARCHAR), name, '', '', '',
      CASE WHEN is_live THEN '{"VersionTag":"${LIVE}"}' ELSE '{"VersionTag":"${MIRROR}"}' END
    FROM (SELECT i, i // 2 AS pair, i % 2 = 0 AS is_live, hash(i // 2) % ${ROUTES} AS route,
        'GET Resource' || route || '/Get' AS name, ${uniform(1)} AS u1, ${uniform(2)} AS u2, ${uniform(3)} < 0.002 AS failed
      FROM range(${requests}) AS numbers(i))`);
}
