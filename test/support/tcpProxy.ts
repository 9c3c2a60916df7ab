import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Connections that are open now. */
  connections(): number;
  /** Connections that were accepted so far. */
  accepted(): number;
  /** Resets all connections; new ones are accepted. */
  cut(): void;
  /** From now on nothing passes, in old connections and new ones, and nobody is told. */
  freeze(): void;
  /** Ends the freeze: what was held back passes. */
  thaw(): void;
  /** Resets all connections and takes no new ones. */
  refuse(): Promise<void>;
  /** Ends the refusal. */
  accept(): Promise<void>;
  /** Delays what the target answers. */
  slow(milliseconds: number): void;
  close(): Promise<void>;
}

/**
 * A TCP proxy on 127.0.0.1 to a port there, for the failures of a network.
 * @param sourceAddress of 127.0.0.0/8, by which the target can tell proxies apart
 */
export async function startTcpProxy(targetPort: number, sourceAddress = '127.0.0.1'): Promise<TcpProxy> {
  const pairs = new Set<readonly [client: Socket, target: Socket]>();
  let frozen = false;
  let delay = 0;
  let accepted = 0;
  let server: Server = createServer();
  let port = 0;

  function join(client: Socket): void {
    accepted += 1;
    const target = connect({ port: targetPort, host: '127.0.0.1', localAddress: sourceAddress });
    const pair = [client, target] as const;
    pairs.add(pair);
    for (const [from, to] of [pair, [target, client] as const]) {
      from.setNoDelay();
      from.on('data', (chunk) => {
        if (from === target && delay > 0) setTimeout(() => to.write(chunk), delay);
        else to.write(chunk);
      });
      // A half that ends or breaks takes the other with it; a freeze hides that as well.
      from.on('error', () => {});
      from.on('close', () => {
        pairs.delete(pair);
        to.destroy();
      });
      if (frozen) from.pause();
    }
  }

  async function listen(): Promise<void> {
    if (server.listening) return;
    server = createServer(join);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    port = address.port;
  }

  function cut(): void {
    for (const [client] of pairs) client.resetAndDestroy();
  }

  async function refuse(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    cut();
    await closed;
  }

  function setFrozen(value: boolean): void {
    frozen = value;
    for (const socket of [...pairs].flat()) value ? socket.pause() : socket.resume();
  }

  await listen();
  return {
    port,
    connections: () => pairs.size,
    accepted: () => accepted,
    cut,
    freeze: () => setFrozen(true),
    thaw: () => setFrozen(false),
    refuse,
    accept: listen,
    slow: (milliseconds) => {
      delay = milliseconds;
    },
    close: refuse,
    [Symbol.asyncDispose]: refuse,
  };
}
