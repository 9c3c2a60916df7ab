import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const module = fileURLToPath(new URL('../../../src/adapters/observability/log.ts', import.meta.url));

/** What a process prints that logs with it. */
async function print(level: string, statement: string): Promise<Record<string, unknown>[]> {
  const script = `const { createLog } = await import(${JSON.stringify(module)}); const log = createLog(${JSON.stringify(level)}); ${statement}`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

it('writes one JSON object a line, with time, level and the fields of the line', async () => {
  const [line] = await print('info', `log.child({ namespace: 'shop' }).info('said', { experiment: 'x' })`);
  expect(line).toMatchObject({ level: 'info', message: 'said', namespace: 'shop', experiment: 'x' });
  expect(Date.parse(String(line?.timestamp))).not.toBeNaN();
});

it('leaves out what is below its level', async () => {
  expect(await print('warn', `log.info('no'); log.debug('no'); log.warn('yes'); log.error('yes')`)).toHaveLength(2);
});

it('shows an error by message, stack and cause, and nothing that it carries along', async () => {
  const statement = `const error = Object.assign(new Error('refused', { cause: new Error('reset') }), { request: { headers: { authorization: 'Bearer secret' } } }); log.error('failed', { error })`;
  const [line] = await print('info', statement);
  expect(line?.error).toMatchObject({ message: 'refused', cause: 'reset' });
  expect(JSON.stringify(line)).not.toContain('secret');
});
