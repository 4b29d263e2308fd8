/** How a piece of terminal text looks. Colours are an index into the 16, or a CSS colour. */
export interface AnsiStyle {
  fg?: number | string;
  bg?: number | string;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
  strike?: boolean;
  inverse?: boolean;
}

export interface Segment {
  text: string;
  style: AnsiStyle;
}

const plain: AnsiStyle = {};

// In this order: OSC, DCS, PM, APC and SOS strings up to their end (or the
// line's); CSI; escapes with intermediates; a lone ESC; the same in C1; any
// other control character but tab.
const control =
  /\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)?|\x1b\[([0-?]*)[ -/]*([@-~])?|\x1b[ -/]*[0-~]?|\x9b([0-?]*)[ -/]*([@-~])?|[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;

/**
 * Splits a line of terminal output into pieces that look alike. Colours and
 * attributes are kept; whatever else a terminal would act upon is left out. A
 * carriage return starts the line over, as progress bars do.
 */
export function parseAnsi(line: string): Segment[] {
  const segments: Segment[] = [];
  let style = plain;
  let from = 0;
  const take = (until: number) => {
    if (until <= from) return;
    const text = line.slice(from, until);
    const last = segments.at(-1);
    if (last && last.style === style) last.text += text;
    else segments.push({ text, style });
  };
  control.lastIndex = 0;
  for (let m = control.exec(line); m; m = control.exec(line)) {
    take(m.index);
    from = m.index + m[0].length;
    const final = m[2] ?? m[4];
    if (final === "m") style = applySgr(style, m[1] ?? m[3] ?? "");
    else if (m[0] === "\r" && /[^\r]/.test(line.slice(from))) segments.length = 0;
  }
  take(line.length);
  return segments;
}

/** The text alone, as it is searched and copied. */
export function stripAnsi(line: string): string {
  if (!/[\x00-\x08\x0a-\x1f\x7f-\x9f]/.test(line)) return line;
  return parseAnsi(line)
    .map((segment) => segment.text)
    .join("");
}

function applySgr(before: AnsiStyle, parameters: string): AnsiStyle {
  // "38:2::r:g:b" and "38;2;r;g;b" both occur; empty means 0.
  const codes = parameters
    .replaceAll("::", ":")
    .split(/[;:]/)
    .map((code) => (/^\d{0,4}$/.test(code) ? Number(code) : -1));
  let style: AnsiStyle = { ...before };
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code === 0) style = {};
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.underline = true;
    else if (code === 7) style.inverse = true;
    else if (code === 9) style.strike = true;
    else if (code === 22) style.bold = style.dim = undefined;
    else if (code === 23) style.italic = undefined;
    else if (code === 24) style.underline = undefined;
    else if (code === 27) style.inverse = undefined;
    else if (code === 29) style.strike = undefined;
    else if (code >= 30 && code <= 37) style.fg = code - 30;
    else if (code === 39) style.fg = undefined;
    else if (code >= 40 && code <= 47) style.bg = code - 40;
    else if (code === 49) style.bg = undefined;
    else if (code >= 90 && code <= 97) style.fg = code - 82;
    else if (code >= 100 && code <= 107) style.bg = code - 92;
    else if (code === 38 || code === 48) {
      const [color, used] = extended(codes, i + 1);
      if (color !== undefined) style[code === 38 ? "fg" : "bg"] = color;
      i += used;
    }
  }
  const set = Object.values(style).some((value) => value !== undefined);
  return set ? style : plain;
}

/** Reads "5;n" or "2;r;g;b" and says how many codes that took. */
function extended(codes: number[], at: number): [number | string | undefined, number] {
  if (codes[at] === 5) {
    const n = codes[at + 1];
    if (n === undefined || n < 0 || n > 255) return [undefined, 2];
    return [n < 16 ? n : paletteColor(n), 2];
  }
  if (codes[at] === 2) {
    const rgb = codes.slice(at + 1, at + 4);
    if (rgb.length < 3 || rgb.some((c) => c < 0 || c > 255)) return [undefined, 4];
    return [`rgb(${rgb.join(" ")})`, 4];
  }
  return [undefined, 1];
}

/** The 256-colour palette above the first 16: a cube of 6×6×6, then greys. */
function paletteColor(n: number): string {
  if (n >= 232) {
    const grey = 8 + (n - 232) * 10;
    return `rgb(${grey} ${grey} ${grey})`;
  }
  const level = (v: number) => (v === 0 ? 0 : 55 + v * 40);
  const cube = n - 16;
  return `rgb(${level(Math.floor(cube / 36))} ${level(Math.floor(cube / 6) % 6)} ${level(cube % 6)})`;
}
