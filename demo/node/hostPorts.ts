import type { V1Container, V1Pod } from '@kubernetes/client-node';
import { freePort } from './ports.ts';

/**
 * Where processes share one address, each container port becomes a free port of the host. An annotation says which:
 * `hostPort` in the specification would be refused where the restricted Pod Security Standard is enforced, rightly so on
 * a real node.
 */
const hostPortsAnnotation = 'local-node/host-ports';

/** The annotation of a new pod. */
export async function assignHostPorts(containers: readonly V1Container[]): Promise<Record<string, string>> {
  const assigned: Record<number, number> = {};
  for (const { containerPort } of containers.flatMap(({ ports = [] }) => ports))
    assigned[containerPort] = await freePort();
  return { [hostPortsAnnotation]: JSON.stringify(assigned) };
}

/** Host ports by container port, for the ports that the container declares. */
export function portMap(pod: V1Pod, container: V1Container): Map<number, number> {
  const assigned = JSON.parse(pod.metadata?.annotations?.[hostPortsAnnotation] ?? '{}') as Record<string, number>;
  return new Map(
    (container.ports ?? []).flatMap(({ containerPort }) => {
      const port = assigned[containerPort];
      return port === undefined ? [] : [[containerPort, port] as const];
    }),
  );
}

/** The host port of a container port that is given by number or name. */
export function hostPort(pod: V1Pod, container: V1Container, port: number | string): number | undefined {
  const declared = (container.ports ?? []).find(
    (candidate) => candidate.name === port || candidate.containerPort === Number(port),
  );
  return declared === undefined ? undefined : portMap(pod, container).get(declared.containerPort);
}
