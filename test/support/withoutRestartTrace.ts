const HASH = 'mirroring.dev/config-hash';

/**
 * Objects without the one trace that a restore may leave: where a run ended between the write of a bootstrap and the
 * restart, Envoy's pods are replaced by an annotation of the pod template that stays.
 */
export function withoutRestartTrace(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutRestartTrace);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]): [string, unknown][] => {
      if (key !== 'annotations' || !String(each?.[HASH] ?? '').startsWith('restored-')) {
        return [[key, withoutRestartTrace(each)]];
      }
      const { [HASH]: _, ...others } = each;
      return Object.keys(others).length === 0 ? [] : [[key, others]];
    }),
  );
}
