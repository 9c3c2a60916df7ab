import { Lexer } from 'yaml';

export interface Comment {
  readonly offset: number;
  readonly text: string;
}

/** All comments of a text. A "#" within a value is none, which only the lexer can tell. */
export function commentsOf(text: string): readonly Comment[] {
  const comments: Comment[] = [];
  let offset = 0;
  let isScalar = false;
  for (const token of new Lexer().lex(text)) {
    if (MARKERS.has(token)) {
      isScalar = token === SCALAR;
      continue;
    }
    if (!isScalar && token.startsWith('#')) comments.push({ offset, text: token });
    isScalar = false;
    offset += token.length;
  }
  return comments;
}

/** Tokens that stand for no text: the start of a document, the early end of a flow collection, a scalar that follows. */
const SCALAR = '\u001f';
const MARKERS = new Set(['\u0002', '\u0018', SCALAR]);
