import { once } from 'node:events';
import net from 'node:net';
import type { V1Service } from '@kubernetes/client-node';
import type { PodRunner } from './podRunner.ts';

export interface ServiceProxies {
  /** Listens for the Services' ports as they are now. Rejects when a port is taken, after it has served the others. */
  update(services: readonly V1Service[]): Promise<void>;
  stop(): Promise<void>;
}

interface Backend {
  readonly host: '127.0.0.1';
  readonly port: number;
}

/**
 * Plays kube-proxy: for each TCP port of a Service, a listener on 127.0.0.1:<that port> which gives each connection to
 * one of the ready pods in turn. A connection stays with its pod. Without a ready pod, connections are reset.
 */
export function startServiceProxies(runners: () => readonly PodRunner[]): ServiceProxies {
  const proxies = new Map<
    number,
    { readonly key: string; readonly server: net.Server; readonly sockets: Set<net.Socket> }
  >();

  const close = async (port: number) => {
    const proxy = proxies.get(port);
    proxies.delete(port);
    if (proxy === undefined) return;
    for (const socket of proxy.sockets) socket.destroy();
    proxy.server.close();
    await once(proxy.server, 'close');
  };

  return {
    update: async (services) => {
      const wanted = new Map<number, { key: string; backends: () => Backend[] }>();
      for (const service of services) {
        const selector = service.spec?.selector ?? {};
        if (Object.keys(selector).length === 0) continue;
        for (const { port, targetPort, protocol } of service.spec?.ports ?? []) {
          if (protocol !== undefined && protocol !== 'TCP') continue;
          const target = targetPort ?? port;
          wanted.set(port, {
            key: JSON.stringify([service.metadata?.name, selector, target]),
            backends: () => backendsOf(runners(), selector, target),
          });
        }
      }
      for (const [port, { key }] of [...proxies]) if (wanted.get(port)?.key !== key) await close(port);
      const problems: unknown[] = [];
      for (const [port, { key, backends }] of wanted) {
        if (proxies.has(port)) continue;
        try {
          proxies.set(port, { key, ...(await listen(port, backends)) });
        } catch (error) {
          problems.push(error);
        }
      }
      if (problems.length > 0) throw new Error(problems.map(String).join('; '));
    },
    stop: async () => {
      await Promise.all([...proxies.keys()].map(close));
    },
  };
}

function backendsOf(runners: readonly PodRunner[], selector: Record<string, string>, port: number | string): Backend[] {
  return runners.flatMap((runner) => {
    const labels = runner.pod.metadata?.labels ?? {};
    const selected = Object.entries(selector).every(([name, value]) => labels[name] === value);
    const hostPort = selected && runner.ready && !runner.terminating ? runner.hostPort(port) : undefined;
    return hostPort === undefined ? [] : [{ host: '127.0.0.1', port: hostPort }];
  });
}

async function listen(port: number, backends: () => Backend[]) {
  const sockets = new Set<net.Socket>();
  let turn = 0;
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const ready = backends();
    const backend = ready[turn++ % ready.length];
    if (backend === undefined) {
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    const pod = net.connect({ ...backend, allowHalfOpen: true, noDelay: true });
    join(client, pod, sockets);
  });
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new Error(`cannot listen on 127.0.0.1:${port} for a Service: the port is taken`, { cause });
  }
  return { server, sockets };
}

/** Passes bytes both ways, ends and resets included, as packets would be. */
function join(client: net.Socket, pod: net.Socket, sockets: Set<net.Socket>): void {
  for (const [from, to] of [
    [client, pod],
    [pod, client],
  ] as const) {
    sockets.add(from);
    from.pipe(to);
    from.on('error', () => to.resetAndDestroy());
    from.on('close', () => {
      sockets.delete(from);
      if (!to.destroyed && from.readableAborted) to.resetAndDestroy();
    });
  }
}
