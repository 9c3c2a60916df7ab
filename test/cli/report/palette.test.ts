import { describe, expect, it } from 'vitest';
import { DARK, LIGHT, MARKS, SURFACES, TEXT } from '../../../src/cli/report/palette.ts';

const schemes = { light: LIGHT, dark: DARK };

describe.each(Object.entries(schemes))('the %s palette', (_, palette) => {
  it.each(TEXT.flatMap((name) => SURFACES.map((surface) => [name, surface] as const)))(
    'has %s that can be read on %s (WCAG 2.2, 1.4.3: 4.5 : 1)',
    (name, surface) => expect(contrast(palette[name], palette[surface])).toBeGreaterThanOrEqual(4.5),
  );

  it.each(MARKS.flatMap((name) => SURFACES.map((surface) => [name, surface] as const)))(
    'has marks in %s that are seen on %s (WCAG 2.2, 1.4.11: 3 : 1)',
    (name, surface) => expect(contrast(palette[name], palette[surface])).toBeGreaterThanOrEqual(3),
  );

  it('has marks that are seen on the tolerance band, and live’s line on its area', () => {
    expect(contrast(palette.limit, palette.tolerance)).toBeGreaterThanOrEqual(3);
    expect(contrast(palette.live, palette.area)).toBeGreaterThanOrEqual(3);
    expect(contrast(palette.mirror, palette.area)).toBeGreaterThanOrEqual(3);
  });
});

it('knows black on white', () => expect(contrast('#000000', '#ffffff')).toBeCloseTo(21));

/** WCAG 2.2, definitions of contrast ratio and relative luminance. */
function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
