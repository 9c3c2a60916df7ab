import type { Cut } from './cut.ts';
import { outline, type ParsedDocument, readDocuments, sameOutline } from './outline.ts';
import { Refusal } from './refusal.ts';
import { applySplices } from './splice.ts';
import { isJson } from './style.ts';

/** Something to take out of a text. */
export interface Piece {
  /** Where it stands; throws a Refusal where it cannot be told apart from what is around it. */
  readonly cut: () => Cut;
  /** The nodes or pairs that must be gone afterwards, and nothing but them. */
  readonly without: readonly unknown[];
  /** What to take out when this cannot be. */
  readonly instead?: Piece | undefined;
}

/**
 * The text without the pieces, as far as they can be taken out safely: what is read from it afterwards must be what was
 * read before, apart from the pieces. One that cannot be taken out does not keep the others in.
 */
export function cutPieces(text: string, documents: readonly ParsedDocument[], pieces: readonly Piece[]): string {
  const cut = (chosen: readonly Piece[]) => attempt(text, documents, chosen);
  // Most that cannot be cut is known without reading the result, which takes long for a large file.
  const safe = largestSafe(pieces.flatMap(cuttable), cut);
  return cut(safe) ?? text;
}

/** The piece, or what to cut instead of it; none, when neither can be told apart. */
function cuttable(piece: Piece): readonly Piece[] {
  try {
    piece.cut();
    return [piece];
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return piece.instead === undefined ? [] : cuttable(piece.instead);
  }
}

function largestSafe(
  pieces: readonly Piece[],
  cut: (chosen: readonly Piece[]) => string | undefined,
): readonly Piece[] {
  if (pieces.length === 0 || cut(pieces) !== undefined) return pieces;
  const [only, second] = pieces;
  if (only !== undefined && second === undefined)
    return only.instead === undefined ? [] : largestSafe([only.instead], cut);
  const middle = Math.ceil(pieces.length / 2);
  const first = largestSafe(pieces.slice(0, middle), cut);
  const both = [...first, ...largestSafe(pieces.slice(middle), cut)];
  return cut(both) === undefined ? first : both;
}

function attempt(text: string, documents: readonly ParsedDocument[], pieces: readonly Piece[]): string | undefined {
  try {
    const result = applySplices(
      text,
      pieces.map((piece) => piece.cut()),
    );
    return isWithout(text, documents, result, new Set(pieces.flatMap(({ without }) => without))) ? result : undefined;
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

function isWithout(
  text: string,
  documents: readonly ParsedDocument[],
  result: string,
  without: ReadonlySet<unknown>,
): boolean {
  const after = readDocuments(result);
  if ('problem' in after || after.length !== documents.length) return false;
  if (isJson(text) && !isJson(result)) return false;
  return documents.every((document, index) =>
    sameOutline(outline(document.contents, without), outline(after[index]?.contents, new Set())),
  );
}
