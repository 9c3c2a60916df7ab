import type { MirrorExperimentStatus } from '../../api/types.generated.ts';

/** The status as the life cycle needs it: without what was measured. */
export function withoutFigures(status: MirrorExperimentStatus): MirrorExperimentStatus {
  const { requests, latency, meanLatency, errors, progress, routes, routesLeftOut, live, ...rest } = status;
  return live?.lookTime === undefined ? rest : { ...rest, live: { lookTime: live.lookTime } };
}
