/** Figures as people read them; the same in every message. */

/** 1,208 or 15 or 0.4: whole from 10 up, one decimal below. */
export function milliseconds(value: number): string {
  return decimal(value, Math.abs(value) >= 10 ? 0 : 1);
}

export function count(value: number): string {
  return decimal(value, 0);
}

/** At most two decimals, without trailing zeros. */
export function percent(value: number): string {
  return decimal(value, 2)
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
}

/** With its sign, which is a real minus sign, and its unit: +1,193 ms. */
export function signed(value: number, text: (magnitude: number) => string, unit: string): string {
  const magnitude = text(Math.abs(value));
  const sign = /[1-9]/.test(magnitude) ? (value < 0 ? '−' : '+') : '±';
  return `${sign}${magnitude} ${unit}`;
}

/** For numbers in the status: three decimals at most. What is too large for decimals stays as it is. */
export function round(value: number): number {
  return Math.abs(value) < 2 ** 52 ? Math.round(value * 1000) / 1000 : value;
}

function decimal(value: number, digits: number): string {
  const [whole = '', fraction] = value.toFixed(digits).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
