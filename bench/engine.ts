import { keepFootprintSmall } from '../src/smallFootprint.ts';
import type { Bench } from './bench.ts';
import { looks } from './engine/looks.ts';
import { speed } from './engine/speed.ts';
import { engineAlone, stages } from './engine/stages.ts';

export const bench: Bench = {
  question:
    'What does a verdict cost, how does that compare with the reference implementation, and for how long does a look block the operator?',
  run: async (options) => {
    // With the compilers that the operator has.
    keepFootprintSmall();
    return [stages(options), engineAlone(options), ...(await speed(options)), await looks(options)];
  },
};
