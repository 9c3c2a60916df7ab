import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const scopeModule = fileURLToPath(new URL('../../../src/adapters/observability/scope.ts', import.meta.url));
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

it('names the experiment in whose work a line is written, however deep; what the line says itself comes first', async () => {
  const lines = await print(
    'info',
    `const { inScope } = await import(${JSON.stringify(scopeModule)});
    const fields = { namespace: 'shop', experiment: 'x', uid: '1' };
    await inScope(fields, async () => {
      await new Promise(setImmediate);
      log.info('deep');
      log.child({ experiment: 'y' }).info('own');
      inScope({ namespace: 'shop', experiment: 'z' }, () => log.info('other'));
    });
    log.info('outside');`,
  );
  expect(lines.map(({ message, namespace, experiment, uid }) => [message, namespace, experiment, uid])).toEqual([
    ['deep', 'shop', 'x', '1'],
    ['own', 'shop', 'y', '1'],
    ['other', 'shop', 'z', undefined],
    ['outside', undefined, undefined, undefined],
  ]);
});

it('leaves secrets out of messages and fields, of errors too', async () => {
  const token = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"x"}').toString('base64url')}.sig`;
  const statement = `const error = new Error('token ${token}', { cause: new Error('client_secret=hidden1') });
    log.error('POST assertion=hidden2', { error, headers: { Authorization: 'hidden3' }, errors: [error] });
    log.child({ password: 'hidden4' }).info('InstrumentationKey=hidden5;x');`;
  const lines = await print('info', statement);
  expect(lines).toHaveLength(2);
  const text = JSON.stringify(lines);
  expect(text).not.toContain(token.split('.')[1]);
  expect(text).not.toMatch(/hidden\d/);
  expect(text.match(/\[redacted\]/g)?.length).toBeGreaterThanOrEqual(7);
});
