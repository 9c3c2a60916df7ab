import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A module that runs as a process of its own and answers questions (`answerQuestions`), one at a time. */
export interface Child {
  /** @throws Error with what it threw, or when it has ended */
  ask(question: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

export function forkChild(path: string, nodeOptions: readonly string[] = []): Child {
  const child = fork(path, { execArgv: [...process.execArgv, ...nodeOptions], serialization: 'advanced' });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${path} ended with exit code ${code}`);
  });
  ended.catch(() => {});
  return {
    ask: async (question) => {
      const answered = once(child, 'message');
      child.send({ question });
      const [answer]: { answer?: unknown; error?: string }[] = await Promise.race([answered, ended]);
      if (answer?.error !== undefined) throw new Error(answer.error);
      return answer?.answer;
    },
    stop: async () => {
      if (child.connected) child.disconnect();
      await ended.catch(() => {});
    },
  };
}

/** To be called in the child, which ends when its parent does. */
export function answerQuestions(answer: (question: unknown) => Promise<unknown>, close: () => Promise<void>): void {
  process.on('message', (message: { question: unknown }) => {
    answer(message.question).then(
      (value) => process.send?.({ answer: value }),
      (error: unknown) =>
        process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  process.once('disconnect', () => void close());
}
