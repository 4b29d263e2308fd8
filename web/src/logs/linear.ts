// Patterns whose time grows with the text and with nothing worse. A browser's own
// engine tries one way after the other, and some patterns have more ways than
// there is time: (a+)+$ on forty letters freezes the page. Here all ways are
// followed side by side, as Thompson and Pike have it. What cannot be followed so,
// looking around and referring back, is refused.

/** Why a pattern that is well formed is not searched for. */
export type Refusal = "looks" | "large";

export class Refused extends Error {
  constructor(readonly why: Refusal) {
    super(why);
  }
}

type Node =
  | { kind: "one"; test: Test }
  | { kind: "at"; place: Place }
  | { kind: "all"; parts: Node[] }
  | { kind: "any"; ways: Node[] }
  | { kind: "repeat"; what: Node; min: number; max: number; lazy: boolean };

type Place = "begin" | "end" | "edge" | "inside";
type Test = (code: number) => boolean;

type Step =
  | { op: "one"; test: Test }
  | { op: "at"; place: Place }
  | { op: "go"; to: number }
  | { op: "split"; first: number; second: number }
  | { op: "done" };

const largest = 1000;

/** A pattern made ready; it is one that new RegExp(source, "u") takes. Throws Refused. */
export class LinearPattern {
  private readonly steps: Step[] = [];
  /** Whether the browser's own engine cannot take long for it on a text of a few thousand letters. */
  readonly tame: boolean;
  private readonly word: Test;
  private readonly seen: Int32Array;
  private turn = 0;
  private now: Threads;
  private next: Threads;

  constructor(source: string, ignoreCase: boolean) {
    const flags = ignoreCase ? "iu" : "u";
    const tree = new Reader(source, flags).read();
    this.word = tester("\\w", flags);
    this.write(tree);
    this.steps.push({ op: "done" });
    this.tame = isTame(tree);
    this.seen = new Int32Array(this.steps.length);
    this.now = new Threads(this.steps.length);
    this.next = new Threads(this.steps.length);
  }

  /** Where the pattern occurs first from a place on: its begin and end. */
  exec(text: string, from: number, anywhere = false): [number, number] | undefined {
    let found: [number, number] | undefined;
    this.now.size = 0;
    this.turn++;
    for (let i = from; ; ) {
      if (!found) this.follow(this.now, text, 0, i, i);
      if (found && this.now.size === 0) return found;
      const code = i < text.length ? (text.codePointAt(i) as number) : -1;
      const after = i + (code > 0xffff ? 2 : 1);
      this.next.size = 0;
      this.turn++;
      for (let n = 0; n < this.now.size; n++) {
        const at = this.now.at[n] as number;
        const step = this.steps[at] as Step;
        if (step.op === "done") {
          found = [this.now.begin[n] as number, i];
          if (anywhere) return found;
          break; // those that come after it are less wanted
        }
        if (step.op === "one" && code >= 0 && step.test(code)) {
          this.follow(this.next, text, at + 1, after, this.now.begin[n] as number);
        }
      }
      if (code < 0) return found;
      [this.now, this.next] = [this.next, this.now];
      i = after;
    }
  }

  // Puts down every step that is reached from one without reading on, the most wanted first.
  private follow(threads: Threads, text: string, at: number, place: number, begin: number): void {
    if (this.seen[at] === this.turn) return;
    this.seen[at] = this.turn;
    const step = this.steps[at] as Step;
    if (step.op === "go") this.follow(threads, text, step.to, place, begin);
    else if (step.op === "split") {
      this.follow(threads, text, step.first, place, begin);
      this.follow(threads, text, step.second, place, begin);
    } else if (step.op === "at") {
      if (this.stands(step.place, text, place)) this.follow(threads, text, at + 1, place, begin);
    } else threads.push(at, begin);
  }

  private stands(place: Place, text: string, i: number): boolean {
    if (place === "begin") return i === 0;
    if (place === "end") return i === text.length;
    const before = i > 0 && this.word(codeBefore(text, i));
    const behind = i < text.length && this.word(text.codePointAt(i) as number);
    return (before !== behind) === (place === "edge");
  }

  private write(node: Node): void {
    if (this.steps.length > largest) throw new Refused("large");
    const { steps } = this;
    if (node.kind === "one") steps.push({ op: "one", test: node.test });
    else if (node.kind === "at") steps.push({ op: "at", place: node.place });
    else if (node.kind === "all") for (const part of node.parts) this.write(part);
    else if (node.kind === "repeat") this.writeRepeat(node);
    else {
      const ends: { op: "go"; to: number }[] = [];
      for (const [i, way] of node.ways.entries()) {
        if (i === node.ways.length - 1) {
          this.write(way);
          break;
        }
        const split = { op: "split" as const, first: steps.length + 1, second: 0 };
        steps.push(split);
        this.write(way);
        const end = { op: "go" as const, to: 0 };
        ends.push(end);
        steps.push(end);
        split.second = steps.length;
      }
      for (const end of ends) end.to = steps.length;
    }
  }

  private writeRepeat({ what, min, max, lazy }: Extract<Node, { kind: "repeat" }>): void {
    const { steps } = this;
    if (min > largest || (max !== Number.POSITIVE_INFINITY && max > largest)) throw new Refused("large");
    for (let i = 0; i < min; i++) this.write(what);
    const splits: { first: number; second: number }[] = [];
    const branch = () => {
      const split = { op: "split" as const, first: steps.length + 1, second: steps.length + 1 };
      splits.push(split);
      steps.push(split);
    };
    if (max === Number.POSITIVE_INFINITY) {
      const back = steps.length;
      branch();
      this.write(what);
      steps.push({ op: "go", to: back });
    } else {
      for (let i = min; i < max; i++) {
        branch();
        this.write(what);
      }
    }
    for (const split of splits) {
      if (lazy) split.first = steps.length;
      else split.second = steps.length;
    }
  }
}

class Threads {
  readonly at: Int32Array;
  readonly begin: Int32Array;
  size = 0;

  constructor(most: number) {
    this.at = new Int32Array(most);
    this.begin = new Int32Array(most);
  }

  push(at: number, begin: number): void {
    this.at[this.size] = at;
    this.begin[this.size++] = begin;
  }
}

function codeBefore(text: string, i: number): number {
  const low = text.charCodeAt(i - 1);
  if (low < 0xdc00 || low > 0xdfff || i < 2) return low;
  const whole = text.codePointAt(i - 2) as number;
  return whole > 0xffff ? whole : low;
}

// What one letter may be is asked of the browser's own engine: one letter takes no time.
function tester(source: string, flags: string): Test {
  const own = new RegExp(`^(?:${source})$`, flags);
  const ascii = Array.from({ length: 128 }, (_, code) => own.test(String.fromCharCode(code)));
  const others = new Map<number, boolean>();
  return (code) => {
    if (code < 128) return ascii[code] as boolean;
    let is = others.get(code);
    if (is === undefined) {
      is = own.test(String.fromCodePoint(code));
      if (others.size < 5000) others.set(code, is);
    }
    return is;
  };
}

/** Reads a pattern that is known to be well formed. */
class Reader {
  private i = 0;

  constructor(
    private readonly source: string,
    private readonly flags: string,
  ) {}

  read(): Node {
    return this.ways();
  }

  private take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.i;
    const found = pattern.exec(this.source);
    if (found) this.i += found[0].length;
    return found;
  }

  private ways(): Node {
    const ways: Node[] = [this.parts()];
    while (this.take(/\|/y)) ways.push(this.parts());
    return ways.length === 1 ? (ways[0] as Node) : { kind: "any", ways };
  }

  private parts(): Node {
    const parts: Node[] = [];
    while (this.i < this.source.length && !/[|)]/.test(this.source[this.i] as string)) {
      parts.push(this.repeated(this.part()));
    }
    return { kind: "all", parts };
  }

  private part(): Node {
    if (this.take(/\^/y)) return { kind: "at", place: "begin" };
    if (this.take(/\$/y)) return { kind: "at", place: "end" };
    if (this.take(/\\b/y)) return { kind: "at", place: "edge" };
    if (this.take(/\\B/y)) return { kind: "at", place: "inside" };
    if (this.take(/\((?:\?:|\?<[^=!][^>]*>|(?!\?))/y)) {
      const inner = this.ways();
      this.i++; // its end
      return inner;
    }
    if (this.source[this.i] === "(" || this.take(/\\(?:[1-9]|k)/y)) throw new Refused("looks");
    const atom = this.take(
      /\[(?:[^\]\\]|\\[\s\S])*\]|\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u[\da-fA-F]{4}|\\x[\da-fA-F]{2}|\\c[a-zA-Z]|\\[\s\S]|[\ud800-\udbff][\udc00-\udfff]|[\s\S]/y,
    );
    return { kind: "one", test: tester(atom?.[0] ?? "", this.flags) };
  }

  private repeated(what: Node): Node {
    const found = this.take(/(?:([*+?])|\{(\d+)(,?)(\d*)\})(\??)/y);
    if (!found) return what;
    const [, sign, least, comma, most, lazy] = found;
    let min = sign === "+" ? 1 : 0;
    let max = sign === "?" ? 1 : Number.POSITIVE_INFINITY;
    if (least !== undefined) {
      min = Number(least);
      max = !comma ? min : most ? Number(most) : Number.POSITIVE_INFINITY;
    }
    return { kind: "repeat", what, min, max, lazy: lazy !== "" };
  }
}

// At most one repetition without an end and a few choices, none within another:
// then there are few ways to try.
function isTame(tree: Node): boolean {
  let endless = 0;
  let choices = 0;
  let nested = false;
  const look = (node: Node, repeated: boolean): void => {
    if (node.kind === "all") for (const part of node.parts) look(part, repeated);
    if (node.kind === "any") {
      nested ||= repeated;
      choices += node.ways.length - 1;
      for (const way of node.ways) look(way, repeated);
    }
    if (node.kind === "repeat") {
      nested ||= repeated;
      if (node.max > node.min + 1) endless++;
      else if (node.max !== node.min) choices++;
      look(node.what, true);
    }
  };
  look(tree, false);
  return !nested && endless <= 1 && choices <= 4;
}
