import type { Draw } from './draw.ts';
import type { Data } from './generateConfig.ts';

/** Writes data as people do: in a style of their own, with comments, blank lines and trailing blanks. */
export function writeConfig(draw: Draw, data: { [key: string]: Data }): string {
  const form = draw.pick('yaml', 'yaml', 'yaml', 'yaml', 'json', 'minified');
  if (form === 'minified') return JSON.stringify(data);
  const eol = draw.pick('\n', '\n', '\r\n');
  if (form === 'json') {
    const indent = draw.pick('  ', '    ', '\t', ' ');
    return JSON.stringify(data, null, indent).replaceAll('\n', eol) + draw.pick('', eol);
  }
  const writer = new Writer(draw);
  const lines = writer.block(data);
  const start = draw.pick([], [], ['---'], ['# written by hand', '']);
  const end = draw.pick([''], [''], [], ['', '', ''], ['# end']);
  const bom = draw.nat(19) === 0 ? '\ufeff' : '';
  return bom + [...start, ...lines, ...end].join(eol);
}

class Writer {
  readonly #draw: Draw;
  readonly #mapIndent: number;
  readonly #listIndent: number;
  readonly #dash: string;
  readonly #flow: number;

  constructor(draw: Draw) {
    this.#draw = draw;
    this.#mapIndent = draw.pick(2, 2, 4, 1, 3, 8);
    this.#listIndent = draw.pick(0, 2, 4, 1);
    this.#dash = draw.pick('- ', '- ', '-   ');
    this.#flow = draw.pick(2, 5, 20);
  }

  /** Lines of a non-empty map or list. */
  block(value: Data): string[] {
    if (Array.isArray(value)) {
      return value.flatMap((item) => [...this.#between(), ...this.#item(item)]);
    }
    if (typeof value !== 'object') throw new Error('not a collection');
    return Object.entries(value).flatMap(([key, child]) => [...this.#between(), ...this.#field(key, child)]);
  }

  #field(key: string, value: Data): string[] {
    const name = `${this.#string(key)}:`;
    // "|+" would take the blank lines behind it.
    if (typeof value === 'string' && /[^\n]\n?$/.test(value) && value.includes('\n') && this.#draw.coin()) {
      return [
        `${name} ${literalHeader(value)}`,
        ...literalLines(value).map((line) => (line === '' ? '' : `  ${line}`)),
      ];
    }
    if (!this.#inBlock(value)) return indentRest(`${name} ${this.#inline(value)}${this.#tail()}`, '  ');
    const indent = ' '.repeat(Array.isArray(value) ? this.#listIndent : this.#mapIndent);
    return [name + this.#tail(), ...this.block(value).map((line) => (line === '' ? '' : indent + line))];
  }

  #item(value: Data): string[] {
    if (!this.#inBlock(value)) return indentRest(`${this.#dash}${this.#inline(value)}${this.#tail()}`, '    ');
    const lines = this.block(value);
    const ownLine = this.#draw.nat(9) === 0 || lines[0] === '' || lines[0]?.startsWith('#') === true;
    const indent = ' '.repeat(this.#dash.length);
    const indented = lines.map((line) => (line === '' ? '' : indent + line));
    return ownLine ? ['-', ...indented] : [this.#dash + (lines[0] ?? ''), ...indented.slice(1)];
  }

  #inBlock(value: Data): boolean {
    if (typeof value !== 'object' || Object.keys(value).length === 0) return false;
    // Large things are seldom written in flow style, small ones often.
    const size = JSON.stringify(value).length;
    return this.#draw.nat(this.#flow + Math.floor(size / 40)) > 1;
  }

  /** A scalar, or flow style; over several lines at times. */
  #inline(value: Data): string {
    if (typeof value === 'string') return this.#string(value);
    if (typeof value !== 'object') return String(value);
    const list = Array.isArray(value);
    const parts = list
      ? value.map((item) => this.#inline(item))
      : Object.entries(value).map(([key, child]) => `${this.#string(key)}: ${this.#inline(child)}`);
    const pad = this.#draw.pick('', ' ');
    const [open, close] = list ? ['[', ']'] : ['{', '}'];
    if (parts.length === 0) return `${open}${pad}${close}`;
    const separator = this.#draw.pick(', ', ', ', ',\n', ' , ');
    const trailing = this.#draw.pick('', '', '', ',');
    return `${open}${pad}${parts.join(separator)}${trailing}${pad}${close}`.replace(/\{\{/g, '{ {');
  }

  #string(text: string): string {
    const style = this.#draw.pick('plain', 'plain', 'single', 'double');
    const safe = /^[A-Za-z_/][A-Za-z0-9_./-]*$/.test(text) && !/^(true|false|null|y|n|yes|no|on|off)$/i.test(text);
    if (style === 'plain' && safe) return text;
    if (style === 'single' && !text.includes('\n')) return `'${text.replaceAll("'", "''")}'`;
    return JSON.stringify(text);
  }

  /** What may stand behind a value. */
  #tail(): string {
    return this.#draw.pick('', '', '', '', '   ', ' # cluster: bookservice', '\t# tab', '  #');
  }

  /** What may stand between two fields. */
  #between(): string[] {
    return this.#draw.pick([], [], [], [], [], [''], ['# a comment: {x'], ['', '# another', '']);
  }
}

function literalHeader(text: string): string {
  return text.endsWith('\n') ? '|' : '|-';
}

function literalLines(text: string): string[] {
  return text.replace(/\n$/, '').split('\n');
}

function indentRest(text: string, indent: string): string[] {
  return text.split('\n').map((line, index) => (index === 0 ? line : indent + line));
}
