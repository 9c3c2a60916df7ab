import { join } from 'node:path';
import type { Bench } from './bench.ts';
import { forkChild } from './childProcess.ts';
import type { AskerFigures, AskerQuestion } from './payload/asker.ts';
import { WINDOW } from './payload/requests.ts';
import type { ServiceFigures, ServiceQuestion } from './payload/service.ts';
import { type Measured, MOST_ROWS, type Read, tablesOf } from './payload/tables.ts';
import type { ServiceAddress } from './telemetryService.ts';

export const bench: Bench = {
  question:
    'What does a look transfer, and how long does it take, when there are more requests; and what would pulling them cost?',
  run: async (options) => {
    const service = forkChild(join(import.meta.dirname, 'payload', 'service.ts'));
    const tell = (question: ServiceQuestion): Promise<unknown> => service.ask(question);
    try {
      const address = (await tell('address')) as ServiceAddress;
      const measured: Measured[] = [];
      for (const requests of options.short ? [2000] : [10_000, 1_000_000, 10_000_000]) {
        options.tell(`filling in ${requests} requests`);
        await tell({ fill: requests });
        const read = (way: AskerQuestion['way'], share: number) => {
          options.tell(`${way} of ${requests} requests`);
          return measure(way, share, address, async () => (await tell('figures')) as ServiceFigures);
        };
        const sums = await read('sums', 1);
        const rows = await read('rows', Math.min(1, (0.6 * MOST_ROWS) / requests));
        if (sums.requests !== requests || rows.requests !== rows.rows) throw new Error('not everything was read');
        measured.push({ requests, sums, rows });
      }
      return tablesOf(measured);
    } finally {
      await service.stop();
    }
  },
};

/** What is read of the window's first share, in a process of its own that has asked once before. */
async function measure(
  way: AskerQuestion['way'],
  share: number,
  address: ServiceAddress,
  figures: () => Promise<ServiceFigures>,
): Promise<Read> {
  const asker = forkChild(join(import.meta.dirname, 'payload', 'asker.ts'));
  const ask = async (end: number): Promise<Read> => {
    const question: AskerQuestion = { address, way, start: WINDOW.start, end };
    await figures();
    const asked = (await asker.ask(question)) as AskerFigures;
    const { milliseconds, ...served } = await figures();
    return { ...asked, ...served, serviceMilliseconds: milliseconds };
  };
  try {
    const end = WINDOW.start + Math.round(share * (WINDOW.end - WINDOW.start));
    const idle = await ask(WINDOW.start + 1000);
    const read = await ask(end);
    return { ...read, megabytes: read.megabytes - idle.megabytes };
  } finally {
    await asker.stop();
  }
}
