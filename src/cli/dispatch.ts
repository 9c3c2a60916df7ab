import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import type { ExitCode } from '../api/exitCodes.ts';
import type { Call, CommandDescription, Values } from './command.ts';
import { commandHelp, generalHelp } from './help.ts';
import { UsageError } from './usageError.ts';

/**
 * Runs the command that the arguments name.
 * @throws UsageError when there is no such command, or it is called wrongly; what the command throws
 */
export async function dispatch(
  commands: readonly CommandDescription[],
  args: readonly string[],
  call: Omit<Call, 'operands' | 'values'>,
  version: () => Promise<string>,
): Promise<ExitCode> {
  const [first, ...rest] = args;
  const say = async (text: string): Promise<ExitCode> => {
    await call.terminal.out(text);
    return 0;
  };
  if (first === '--version' || first === 'version') return say(`${await version()}\n`);
  if (first === '-h' || first === '--help' || (first === 'help' && rest.length === 0))
    return say(generalHelp(commands));
  if (first === undefined) {
    call.terminal.err(generalHelp(commands));
    return 3;
  }
  const name = first === 'help' ? rest[0] : first;
  const command = commands.find((each) => each.name === name);
  if (command === undefined) {
    const names = commands.map((each) => each.name).join(', ');
    throw new UsageError(`there is no command ${JSON.stringify(name)}; the commands are ${names}`);
  }
  if (first === 'help') return say(commandHelp(command));
  const { values, positionals } = parse(command, rest);
  if (values.help === true) return say(commandHelp(command));
  const [least, most] = command.count;
  if (positionals.length < least || positionals.length > most) {
    throw new UsageError(
      `usage: kubectl-mirror ${`${command.name} ${command.operands}`.trim()} [options]; see kubectl-mirror ${command.name} --help`,
    );
  }
  const { run } = await command.load();
  return run({ ...call, operands: positionals, values });
}

function parse({ name, options }: CommandDescription, args: readonly string[]) {
  const config: ParseArgsOptionsConfig = Object.fromEntries(
    Object.entries(options).map(([option, { type, short, multiple }]) => [
      option,
      { type, ...(short !== undefined && { short }), ...(multiple !== undefined && { multiple }) },
    ]),
  );
  try {
    const parsed = parseArgs({ args: [...args], options: config, allowPositionals: true, strict: true });
    return { values: parsed.values as Values, positionals: parsed.positionals };
  } catch (error) {
    const message = error instanceof Error ? error.message.split('. To ')[0] : String(error);
    throw new UsageError(`${message}; see kubectl-mirror ${name} --help`);
  }
}
