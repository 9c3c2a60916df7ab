import { parseArgs } from 'node:util';

export interface DemoOptions {
  /** Leave everything up after the verdicts, until Ctrl-C. */
  readonly keep: boolean;
  /** Print the results as JSON in the last line. */
  readonly json: boolean;
}

export const USAGE = `npm run demo -- [--keep] [--output text|json]
  --keep         leave everything up afterwards and print the KUBECONFIG; Ctrl-C ends it
  --output json  print the results as one line of JSON at the end`;

/** Throws an Error whose message says what is wrong. */
export function parseOptions(args: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { keep: { type: 'boolean', default: false }, output: { type: 'string', default: 'text' } },
    strict: true,
  });
  if (values.output !== 'text' && values.output !== 'json') {
    throw new Error(`--output must be text or json, not ${values.output}`);
  }
  return { keep: values.keep, json: values.output === 'json' };
}
