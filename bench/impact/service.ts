import { fork } from 'node:child_process';
import { nextMessage } from '../live/nextMessage.ts';

/** `slow`: answers after 5 s; `failing`: 500; `down`: nobody listens; `neverReading`: accepts connections, reads nothing. */
export type Behaviour = 'healthy' | 'slow' | 'failing' | 'down' | 'neverReading';

/** To serviceProcess.ts. */
export type ServiceMessage = { readonly kind: 'behave'; readonly behaviour: Behaviour } | { readonly kind: 'ask' };

export interface ServiceAnswer {
  /** Requests since it was last told how to behave; of one that never reads: connections. */
  readonly received: number;
}

export interface Service {
  behave(behaviour: Behaviour): Promise<void>;
  received(): Promise<number>;
  close(): void;
}

export async function startService(port: number): Promise<Service> {
  const child = fork(new URL('./serviceProcess.ts', import.meta.url), [String(port)], { execArgv: [] });
  const answer = async () => (await nextMessage(child, `the service at port ${port}`)) as ServiceAnswer;
  await answer();
  async function ask(message: ServiceMessage): Promise<ServiceAnswer> {
    const told = answer();
    child.send(message);
    return told;
  }
  return {
    behave: async (behaviour) => {
      await ask({ kind: 'behave', behaviour });
    },
    received: async () => (await ask({ kind: 'ask' })).received,
    close: () => {
      child.kill();
    },
  };
}
