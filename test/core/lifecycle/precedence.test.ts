import { describe, expect, it } from 'vitest';
import { type Experiment, parseExperiment } from '../../../src/api/experiment.ts';
import { blockedBy } from '../../../src/core/lifecycle/precedence.ts';
import { experimentObject } from '../../support/lab.ts';

describe('two experiments that copy to one Service through two Envoys', () => {
  it('run one after another, the older first', () => {
    const [older, younger] = [copying('older', 1), copying('younger', 2)];
    expect(blockedBy(younger, [older], [])).toEqual({ name: 'older', object: 'Service bookservicemirror' });
    expect(blockedBy(older, [younger], [])).toBeUndefined();
  });

  it('do not meet when the younger was accepted before the older was seen', () => {
    const [older, younger] = [copying('older', 1), copying('younger', 2, { accepted: true })];
    expect(blockedBy(older, [younger], [])).toEqual({ name: 'younger', object: 'Service bookservicemirror' });
    expect(blockedBy(older, [copying('younger', 2, { accepted: true, ended: true })], [])).toBeUndefined();
  });

  it('wait for one that is being deleted, until it has restored', () => {
    const leaving = copying('leaving', 1, { accepted: true, deleted: true });
    expect(blockedBy(copying('younger', 2), [leaving], [])?.name).toBe('leaving');
  });

  it('are none of each other’s business when their Services differ', () => {
    expect(blockedBy(copying('b', 2), [copying('a', 1, { service: 'other' })], [])).toBeUndefined();
  });
});

interface State {
  readonly accepted?: boolean;
  readonly ended?: boolean;
  readonly deleted?: boolean;
  readonly service?: string;
}

/** An experiment without a Deployment, on a ConfigMap of its own. */
function copying(
  name: string,
  second: number,
  { accepted, ended, deleted, service = 'bookservicemirror' }: State = {},
) {
  const { spec, ...object } = experimentObject(name, 'V2');
  const { deployment: _, ...mirror } = spec.mirror;
  const { reload: __, ...envoy } = { ...spec.traffic.envoy, configMap: { name: `${name}-sidecar`, key: 'envoy.yaml' } };
  const at = `2026-01-01T00:00:0${second}Z`;
  const condition = (type: string) => ({
    ...{ type, status: 'True', reason: 'X', message: '', lastTransitionTime: at, observedGeneration: 1 },
  });
  const parsed = parseExperiment({
    ...object,
    metadata: {
      ...{ ...object.metadata, creationTimestamp: at, resourceVersion: '1', generation: 1 },
      ...(deleted && { deletionTimestamp: at }),
    },
    spec: { ...spec, mirror: { ...mirror, service }, traffic: { envoy } },
    status: {
      observedGeneration: 1,
      conditions: [...(accepted ? [condition('Accepted')] : []), ...(ended ? [condition('Complete')] : [])],
    },
  });
  if (parsed.kind !== 'experiment') throw new Error(JSON.stringify(parsed.errors));
  return parsed.experiment satisfies Experiment;
}
