/** An import, re-export or dynamic import; `specifier` is undefined when it is computed. */
export interface Import {
  specifier: string | undefined;
  line: number;
}

export interface Module {
  imports: Import[];
  /** Uses of the ambient world: clock, timers, randomness, process; as written, for messages. */
  ambient: { name: string; line: number }[];
}

interface Token {
  kind: 'word' | 'string' | 'mark';
  text: string;
  line: number;
}

/**
 * Imports and uses of ambient state in TypeScript source. It reads tokens, so text in comments, strings and regular expressions
 * is not mistaken for code. (TypeScript 7 has no parser that JavaScript can call.)
 */
export function scanModule(source: string): Module {
  const tokens = tokenize(source);
  return { imports: findImports(tokens), ambient: findAmbient(tokens) };
}

function findImports(tokens: Token[]): Import[] {
  const imports: Import[] = [];
  for (const [index, token] of tokens.entries()) {
    if (isMark(tokens[index - 1], '.') || isMark(tokens[index + 1], ':')) continue;
    const next = tokens[index + 1];
    if (isWord(token, 'import')) {
      if (isMark(next, '.')) continue;
      if (next?.kind === 'string') imports.push({ specifier: next.text, line: token.line });
      else if (isMark(next, '(')) imports.push({ specifier: literal(tokens, index + 2), line: token.line });
      else imports.push({ specifier: from(tokens, index), line: token.line });
    } else if (isWord(token, 'require') && isMark(next, '(')) {
      imports.push({ specifier: literal(tokens, index + 2), line: token.line });
    } else if (isWord(token, 'export')) {
      const start = isWord(next, 'type') ? index + 2 : index + 1;
      if (!isMark(tokens[start], '*') && !isMark(tokens[start], '{')) continue;
      const specifier = from(tokens, start);
      if (specifier !== undefined) imports.push({ specifier, line: token.line });
    }
  }
  return imports;
}

/** The argument of `import(` when it is one string. */
function literal(tokens: Token[], index: number): string | undefined {
  const after = tokens[index + 1];
  const token = tokens[index];
  return token?.kind === 'string' && (isMark(after, ')') || isMark(after, ',')) ? token.text : undefined;
}

/** The specifier of the `from` that belongs to the clause at `index`: it comes after names, braces, commas and `*` only. */
function from(tokens: Token[], index: number): string | undefined {
  for (let at = index + 1; at < tokens.length; at++) {
    const [token, next] = [tokens[at], tokens[at + 1]];
    if (isWord(token, 'from') && next?.kind === 'string') return next.text;
    if (token?.kind === 'mark' && !'{},*'.includes(token.text)) return undefined;
    if (isMark(token, '}') && !isWord(next, 'from') && !isMark(next, ',')) return undefined;
  }
  return undefined;
}

const ambientNames = new Set([
  ...['process', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'],
  ...['performance', 'crypto', 'fetch', 'console', 'globalThis', 'Temporal'],
]);

function findAmbient(tokens: Token[]): { name: string; line: number }[] {
  const found: { name: string; line: number }[] = [];
  for (const [index, { kind, text, line }] of tokens.entries()) {
    if (kind !== 'word' || isMark(tokens[index - 1], '.')) continue;
    const rest = tokens.slice(index + 1, index + 3).map((token) => token.text);
    const isKey = rest[0] === ':' || (rest[0] === '?' && rest[1] === ':');
    if (ambientNames.has(text) && !isKey) found.push({ name: text, line });
    if (text === 'Math' && rest.join('') === '.random') found.push({ name: 'Math.random', line });
    if (text === 'Date' && rest.join('') === '.now') found.push({ name: 'Date.now', line });
    if (text === 'Date' && rest.join('') === '()') found.push({ name: 'Date()', line });
    if (text === 'Date' && isWord(tokens[index - 1], 'new') && rest[0] !== '(') found.push({ name: 'new Date', line });
  }
  return found;
}

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  // Open braces of template substitutions among those of blocks: a `}` of the first kind resumes the template.
  const braces: ('block' | 'template')[] = [];
  let at = 0;
  let line = 1;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const text = pattern.exec(source)?.[0];
    if (text === undefined) return undefined;
    at += text.length;
    line += text.split('\n').length - 1;
    return text;
  };
  const takeTemplate = (start: number): void => {
    const text = take(/(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y);
    if (text === undefined) throw new Error(`line ${start}: the template literal does not end`);
    if (text.endsWith('${')) braces.push('template');
  };
  while (at < source.length) {
    if (take(/\s+|\/\/.*|\/\*[\s\S]*?\*\//y) !== undefined) continue;
    const start = line;
    const string = take(/'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y);
    if (string !== undefined) {
      tokens.push({ kind: 'string', text: string.slice(1, -1), line: start });
      continue;
    }
    const word = take(/[\p{ID_Start}_$#@][\p{ID_Continue}$]*|\d[\w.]*/uy);
    if (word !== undefined) {
      tokens.push({ kind: 'word', text: word, line: start });
      continue;
    }
    if (startsExpression(tokens.at(-1)) && take(/\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y) !== undefined) {
      tokens.push({ kind: 'word', text: '/regular expression/', line: start });
      continue;
    }
    const mark = source.charAt(at++);
    if (mark === '`') {
      // The place of a template's text counts as a word: what follows it is not the start of an expression.
      tokens.push({ kind: 'word', text: '`template`', line: start });
      takeTemplate(start);
    } else if (mark === '}' && braces.pop() === 'template') {
      takeTemplate(start);
    } else {
      if (mark === '{') braces.push('block');
      tokens.push({ kind: 'mark', text: mark, line: start });
    }
  }
  return tokens;
}

const wordsBeforeExpression = /^(return|typeof|case|in|of|delete|void|throw|new|else|do|await|yield|instanceof)$/;

/** Whether a slash after this token starts a regular expression rather than a division. */
function startsExpression(previous: Token | undefined): boolean {
  if (previous === undefined) return true;
  if (previous.kind === 'word') return wordsBeforeExpression.test(previous.text);
  return previous.kind === 'mark' && !')]}'.includes(previous.text);
}

function isWord(token: Token | undefined, text: string): boolean {
  return token?.kind === 'word' && token.text === text;
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === 'mark' && token.text === text;
}
