import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prometheusLocation } from '../../tools/setup/locations.mjs';

const { binaries } = prometheusLocation();

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Prometheus {
  /** The instant vector, or the error of the query. */
  query(expr: string): Promise<Series[]>;
  /** The alerts that fire or are about to, by name. */
  alerts(): Promise<string[]>;
  stop(): Promise<void>;
}

/**
 * The real Prometheus, which scrapes every second.
 * @param targets host:port of what it scrapes, as job "operator"
 * @param rules the groups of a file of rules
 */
export async function startPrometheus(targets: readonly string[], rules: object): Promise<Prometheus> {
  const directory = await mkdtemp(join(tmpdir(), 'prometheus-'));
  await writeFile(join(directory, 'rules.json'), JSON.stringify(rules));
  const scrape = { job_name: 'operator', static_configs: [{ targets }] };
  const times = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' };
  const config = { global: times, rule_files: ['rules.json'], scrape_configs: [scrape] };
  // JSON is YAML.
  await writeFile(join(directory, 'prometheus.json'), JSON.stringify(config));
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    binaries.prometheus,
    ['--config.file=prometheus.json', '--storage.tsdb.path=data', `--web.listen-address=${address}`],
    { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  const exited = once(child, 'exit');
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`http://${address}${path}`);
    const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string };
    if (status !== 'success') throw new Error(error ?? status);
    return data;
  };
  const isReady = () =>
    fetch(`http://${address}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isReady())) {
    if (child.exitCode !== null) throw new Error(`Prometheus ended with ${child.exitCode}: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    query: async (expr) => {
      type Answer = { result: { metric: Record<string, string>; value: [number, string] }[] };
      const { result } = await get<Answer>(`/api/v1/query?query=${encodeURIComponent(expr)}`);
      return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    alerts: async () => {
      const { alerts } = await get<{ alerts: { labels: { alertname: string } }[] }>('/api/v1/alerts');
      return alerts.map(({ labels }) => labels.alertname);
    },
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A port of the loopback that nobody has now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
