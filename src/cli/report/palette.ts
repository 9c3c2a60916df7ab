/** Colours by what they are for. Those of text reach 4.5 : 1 on both backgrounds, those of marks 3 : 1 (WCAG 2.2 AA). */
export type Palette = Readonly<Record<ColourName, string>>;

export type ColourName = (typeof TEXT | typeof MARKS | typeof SURFACES | typeof DECORATION)[number];

export const SURFACES = ['page', 'surface'] as const;
export const TEXT = ['text', 'quiet', 'link', 'pass', 'fail', 'open'] as const;
export const MARKS = ['live', 'mirror', 'limit', 'axis', 'focus'] as const;
/** Carry no information that is not there in another way. */
export const DECORATION = ['line', 'area', 'tolerance'] as const;

// Blue and orange are told apart with every common colour blindness; lines and marks differ in their form as well.
export const LIGHT: Palette = {
  page: '#ffffff',
  surface: '#f5f7f9',
  text: '#1a2129',
  quiet: '#55606c',
  link: '#0b57a4',
  pass: '#0b6b46',
  fail: '#b3231b',
  open: '#6f5400',
  live: '#1f6fb8',
  mirror: '#c24e00',
  limit: '#4a545f',
  axis: '#77828e',
  focus: '#0b57a4',
  line: '#d5dbe1',
  area: '#cfe1f3',
  tolerance: '#dde3e9',
};

export const DARK: Palette = {
  page: '#13171c',
  surface: '#1b2128',
  text: '#e5eaf0',
  quiet: '#a4afbb',
  link: '#7cbcff',
  pass: '#5bd3a0',
  fail: '#ff8f86',
  open: '#e6c565',
  live: '#62aef5',
  mirror: '#ff9d4d',
  limit: '#b8c2cd',
  axis: '#7b8794',
  focus: '#7cbcff',
  line: '#333c46',
  area: '#1e3a56',
  tolerance: '#323b45',
};
