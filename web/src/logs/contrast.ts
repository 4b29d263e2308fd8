// The grounds that lines stand on in the two themes, of each the one that is
// hardest to read upon: that of lines that a link leads to, as tokens.css has it.
export const grounds = { light: [225, 240, 247], dark: [16, 41, 58] } as const;

type Rgb = readonly [number, number, number];
const least = 4.5;

const linear = (c: number) => (c <= 10 ? c / 3294.6 : ((c / 255 + 0.055) / 1.055) ** 2.4);
const luminance = ([r, g, b]: Rgb) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);

/** The contrast of two colours, as WCAG counts it: 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

/** Moves a colour towards black or white just as far as it takes to be read on a ground. */
export function readable(color: Rgb, ground: Rgb): Rgb {
  const goal = luminance(ground) > 0.18 ? 0 : 255;
  for (let part = 0; part <= 20; part++) {
    const mixed = color.map((c) => Math.round(c + ((goal - c) * part) / 20)) as unknown as Rgb;
    if (contrast(mixed, ground) >= least) return mixed;
  }
  return [goal, goal, goal];
}

const parse = (css: string) => css.match(/\d+/g)?.map(Number) as unknown as Rgb;
const write = (color: Rgb) => `rgb(${color.join(" ")})`;
const known = new Map<string, string>();

/** A program's own colour as text, so that it can be read in both themes. */
export function asText(css: string): string {
  let out = known.get(css);
  if (!out) {
    const color = parse(css);
    out = `light-dark(${write(readable(color, grounds.light))}, ${write(readable(color, grounds.dark))})`;
    if (known.size < 4096) known.set(css, out);
  }
  return out;
}

/** Black or white, whichever is read better on a program's own ground. */
export function textOn(css: string): string {
  return luminance(parse(css)) > 0.18 ? "rgb(0 0 0)" : "rgb(255 255 255)";
}
