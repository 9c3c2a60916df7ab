import type { CoreV1Api, V1Container, V1Pod } from '@kubernetes/client-node';
import { readConfigMap } from './volumes.ts';

/** A container cannot be run as its specification says; the message says why. */
class ContainerConfigError extends Error {
  override readonly name = 'ContainerConfigError';
}

/** The environment variables of a container's specification, `$(NAME)` expanded. @throws ContainerConfigError */
export async function environmentOf(core: CoreV1Api, pod: V1Pod, container: V1Container) {
  if ((container.envFrom ?? []).length > 0) throw new ContainerConfigError('envFrom is not supported here');
  const env: Record<string, string> = {};
  for (const { name, value, valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef) env[name] = field(pod, valueFrom.fieldRef.fieldPath);
    else if (valueFrom?.configMapKeyRef) {
      const { name: configMap = '', key, optional } = valueFrom.configMapKeyRef;
      const text = (await readConfigMap(core, pod.metadata?.namespace ?? '', configMap))?.data?.[key];
      if (text !== undefined) env[name] = text;
      else if (optional !== true)
        throw new ContainerConfigError(`configmap "${configMap}" or its key "${key}" not found`);
    } else if (valueFrom) {
      throw new ContainerConfigError(`env ${name}: only fieldRef and configMapKeyRef are supported here`);
    } else env[name] = expand(value ?? '', env);
  }
  return env;
}

/** `$(NAME)` becomes the variable's value, `$$(NAME)` the text `$(NAME)`; unknown names stay, as in Kubernetes. */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\(([^()]+)\)/g, (match, name: string | undefined) =>
    name === undefined ? '$' : Object.hasOwn(env, name) ? (env[name] ?? match) : match,
  );
}

function field(pod: V1Pod, path: string): string {
  switch (path) {
    case 'metadata.name':
      return pod.metadata?.name ?? '';
    case 'metadata.namespace':
      return pod.metadata?.namespace ?? '';
    case 'metadata.uid':
      return pod.metadata?.uid ?? '';
    case 'spec.nodeName':
      return pod.spec?.nodeName ?? '';
    case 'status.podIP':
    case 'status.hostIP':
      return '127.0.0.1';
    default:
      throw new ContainerConfigError(`fieldRef ${path} is not supported here`);
  }
}
