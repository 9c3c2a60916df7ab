import type { EnvoyRefusal } from './types.ts';

/** Thrown inside the editor when a config is to be left alone; `addMirror` turns it into a result. */
export class Refusal extends Error {
  readonly reason: EnvoyRefusal;

  constructor(reason: EnvoyRefusal, message: string) {
    super(message);
    this.name = 'Refusal';
    this.reason = reason;
  }
}
