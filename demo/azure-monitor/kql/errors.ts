/**
 * A query that the service would refuse, or that this stand-in does not understand.
 * SyntaxError and SemanticError are the service's own codes; both are answered with status 400.
 */
export class KqlError extends Error {
  readonly code: 'SyntaxError' | 'SemanticError';
  /** The service's number for the error (SYN0002, SEM0100, …); STANDIN for what only the stand-in refuses. */
  readonly detailCode: string;
  /** Offset in the query text, when known. */
  readonly offset: number | undefined;

  constructor(code: 'SyntaxError' | 'SemanticError', detailCode: string, message: string, offset?: number) {
    super(message);
    this.name = 'KqlError';
    this.code = code;
    this.detailCode = detailCode;
    this.offset = offset;
  }
}

/** What is valid KQL but has no translation here. Answering wrongly would be worse than not answering. */
export function notTranslated(what: string, offset?: number): KqlError {
  return new KqlError(
    'SemanticError',
    'STANDIN',
    `${what} is not supported by this stand-in for Azure Monitor`,
    offset,
  );
}
