import http from 'node:http';
import net from 'node:net';
import type { V1Probe } from '@kubernetes/client-node';

export interface Readiness {
  stop(): void;
}

export interface ReadinessOptions {
  /** Undefined: ready at once, as in Kubernetes. */
  readonly probe: V1Probe | undefined;
  /** Host port of a container port, given by number or name. */
  hostPort(port: number | string): number | undefined;
  onChange(ready: boolean): void;
}

/** Until the first success the probe runs this often, to spare the wait of a whole period. */
const firstPeriodMilliseconds = 100;

/** Probes a container as the kubelet does, with its period, time limit and thresholds. */
export function watchReadiness({ probe, hostPort, onChange }: ReadinessOptions): Readiness {
  if (probe === undefined) {
    onChange(true);
    return { stop: () => {} };
  }
  const controller = new AbortController();
  let ready = false;
  let run = 0;
  let timer = setTimeout(check, (probe.initialDelaySeconds ?? 0) * 1000);
  async function check() {
    const passed = await attempt(probe ?? {}, hostPort, controller.signal);
    if (controller.signal.aborted) return;
    run = passed === ready ? 0 : run + 1;
    if (run >= (passed ? (probe?.successThreshold ?? 1) : (probe?.failureThreshold ?? 3))) {
      run = 0;
      ready = passed;
      onChange(ready);
    }
    timer = setTimeout(check, ready ? (probe?.periodSeconds ?? 10) * 1000 : firstPeriodMilliseconds);
  }
  return {
    stop: () => {
      clearTimeout(timer);
      controller.abort();
    },
  };
}

async function attempt(probe: V1Probe, hostPort: ReadinessOptions['hostPort'], stopped: AbortSignal): Promise<boolean> {
  const signal = AbortSignal.any([stopped, AbortSignal.timeout((probe.timeoutSeconds ?? 1) * 1000)]);
  const port = hostPort(probe.httpGet?.port ?? probe.tcpSocket?.port ?? 0);
  if (port === undefined) return false;
  return probe.httpGet ? httpGet(port, probe.httpGet.path ?? '/', signal) : connects(port, signal);
}

function httpGet(port: number, path: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, path, agent: false, signal }, (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      resolve(status >= 200 && status < 400);
    });
    request.on('error', () => resolve(false));
  });
}

function connects(port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port, signal });
    socket.on('connect', () => {
      resolve(true);
      socket.destroy();
    });
    socket.on('error', () => resolve(false));
  });
}
