/** The command line, or the file that it names, is wrong: the message says what and what to do. Exit code 3. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
