import type { TelemetryQuestion } from '../../../core/query/question.ts';
import { TelemetryError } from '../../../engine/ports/telemetry.ts';

/**
 * Refuses sources that the installation does not let a namespace read: the operator's identity may read more than the
 * people who create experiments there. Ids are compared without regard to case, as Azure does.
 * @throws TelemetryError Configuration
 */
export function allowSource(
  allowed: Readonly<Record<string, readonly string[]>>,
  { source, namespace }: Pick<TelemetryQuestion, 'source' | 'namespace'>,
): void {
  const id = source.scope === 'workspace' ? source.workspaceId : source.resourceId;
  const listed = ['*', namespace].flatMap((key) => (Object.hasOwn(allowed, key) ? (allowed[key] ?? []) : []));
  if (listed.some((entry) => entry === '*' || comparable(entry) === comparable(id))) return;
  throw new TelemetryError(
    'Configuration',
    `experiments of the namespace ${namespace} may not read ${describeSource(source)}: ` +
      "an administrator must add it to the operator's setting ALLOWED_SOURCES",
  );
}

/** `workspace <id>` or `resource <id>`, for messages. */
export function describeSource(source: TelemetryQuestion['source']): string {
  return source.scope === 'workspace' ? `workspace ${source.workspaceId}` : `resource ${source.resourceId}`;
}

function comparable(id: string): string {
  return id.toLowerCase().replace(/^\/+|\/+$/g, '');
}
