import type { Draw } from '../core/mirror/envoy/draw.ts';

/** What text from outside may hold at its worst. */
export const HOSTILE_PIECES: readonly [string, ...string[]] = [
  '"',
  "'",
  '\\',
  '\n',
  '\r\n',
  '\t',
  '\u0000',
  '\u001b[31m',
  '\u0085',
  '\u2028',
  '\u202e',
  '\ufeff',
  '\ud800',
  '😀',
  ': ',
  ' #',
  '- ',
  '&a ',
  '*a',
  '!!str ',
  '<<: ',
  '{{ x }}',
  '%YAML 1.2\n---\n',
  '---\n',
  '...\n',
  '? ',
  '| \n',
  '>-\n',
  '[',
  ']',
  '{',
  '}',
  ',',
  '~',
  'null',
  '-9007199254740993',
  '1e999',
  'NaN',
  '__proto__',
  'constructor',
  'toString',
  'request_mirror_policies: []',
  'routes: []',
  'clusters: []',
];

/** A text with one to four changes: bytes flipped, lines moved, doubled, indented or cut, keys doubled, pieces put in. */
export function mutateText(draw: Draw, text: string): string {
  let changed = text;
  for (let count = 1 + draw.nat(3); count > 0; count--) changed = mutateOnce(draw, changed);
  return changed;
}

export function mutateOnce(draw: Draw, text: string): string {
  return draw.pick(...TEXT_CHANGES)(text, draw);
}

type TextChange = (text: string, draw: Draw) => string;

const TEXT_CHANGES: [TextChange, ...TextChange[]] = [
  (text, draw) => {
    const at = draw.nat(Math.max(0, text.length - 1));
    const flipped = String.fromCharCode(text.charCodeAt(at) ^ (1 << draw.nat(7)));
    return text.slice(0, at) + flipped + text.slice(at + 1);
  },
  (text, draw) => {
    const at = draw.nat(text.length);
    return text.slice(0, at) + draw.pick(...HOSTILE_PIECES) + text.slice(at);
  },
  (text, draw) => text.slice(0, draw.nat(text.length)),
  (text, draw) => text.slice(draw.nat(Math.min(text.length, 40))),
  lines((list, draw) => {
    const [moved = ''] = list.splice(draw.nat(list.length - 1), 1);
    list.splice(draw.nat(list.length), 0, moved);
  }),
  lines((list, draw) => {
    const at = draw.nat(list.length - 1);
    list.splice(at, 0, ...list.slice(at, at + 1 + draw.nat(5)));
  }),
  lines((list, draw) => void list.splice(draw.nat(list.length - 1), 1 + draw.nat(3))),
  lines((list, draw) => {
    const at = draw.nat(list.length - 1);
    const by = draw.pick(' ', '  ', '\t', '    ');
    for (let line = at; line <= at + draw.nat(4) && line < list.length; line++) list[line] = by + (list[line] ?? '');
  }),
  lines((list, draw) => {
    const at = draw.nat(list.length - 1);
    list[at] = (list[at] ?? '').replace(/^ {1,2}/, '');
  }),
  (text) => text.replaceAll('\n', '\r\n'),
];

function lines(change: (list: string[], draw: Draw) => void): TextChange {
  return (text, draw) => {
    const list = text.split('\n');
    change(list, draw);
    return list.join('\n');
  };
}

/** Plain data with one to three of its values replaced, taken out or put elsewhere. The input is not changed. */
export function mutateData<T>(draw: Draw, data: T): unknown {
  const root = { value: structuredClone(data) as unknown };
  for (let count = 1 + draw.nat(2); count > 0; count--) {
    const places = placesOf(root);
    const { holder, key } = places[draw.nat(places.length - 1)] ?? { holder: root, key: 'value' };
    const kind = draw.nat(5);
    if (kind === 0) takeOut(holder, key);
    else if (kind === 1 && !Array.isArray(holder))
      setOwn(holder, draw.pick(...HOSTILE_PIECES), Reflect.get(holder, key));
    else setOwn(holder, key, draw.pick(...VALUES)(draw, Reflect.get(holder, key)));
  }
  return root.value;
}

type Value = (draw: Draw, former: unknown) => unknown;

const VALUES: [Value, ...Value[]] = [
  (draw) => draw.pick(...HOSTILE_PIECES),
  (draw) => draw.pick<unknown>(null, undefined, true, false, [], {}, '', [[]], { a: 1 }),
  (draw) => draw.pick(0, -0, -1, 0.5, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308, Number.NaN, Number.POSITIVE_INFINITY),
  (_, former) => [former, former],
  (_, former) => ({ value: former }),
  (_, former) => (typeof former === 'string' ? former.repeat(40) : String(JSON.stringify(former))),
  (draw, former) => (typeof former === 'string' ? mutateText(draw, former) : former),
  (draw, former) => (typeof former === 'number' ? former + draw.pick(-1, 1, 0.5, 1e9) : former),
];

function placesOf(root: object): { holder: object; key: string }[] {
  const places: { holder: object; key: string }[] = [];
  const visit = (holder: object): void => {
    for (const [key, value] of Object.entries(holder)) {
      places.push({ holder, key });
      if (typeof value === 'object' && value !== null) visit(value);
    }
  };
  visit(root);
  return places;
}

/** A list closes up: JSON has no holes. */
function takeOut(holder: object, key: string): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else Reflect.deleteProperty(holder, key);
}

/** Also a key such as __proto__ becomes the object's own, as JSON.parse makes it. */
function setOwn(holder: object, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}
