/** A failure that a user can act on: the message says what failed and what to do. */
export class SetupError extends Error {}
