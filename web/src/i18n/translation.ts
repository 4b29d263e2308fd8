export type ParamsOf<S> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | ParamsOf<Rest> : never;

/** Strings that every language has. Forms for one thing are English's own: others may have none. */
type Needed<E> = { [K in keyof E as K extends `${string}.one` ? never : K]: string };

type Checked<E, S> = [ParamsOf<E>] extends [ParamsOf<S>]
  ? [ParamsOf<S>] extends [ParamsOf<E>]
    ? S
    : { unknown_parameter: Exclude<ParamsOf<S>, ParamsOf<E>> }
  : { missing_parameter: Exclude<ParamsOf<E>, ParamsOf<S>> };

/**
 * Takes a translation of an area's English strings. A key that is missing, a key
 * that English has not, and parameters other than the English ones do not compile.
 */
export function translationOf<E extends Record<string, string>>() {
  return <const S extends Needed<E>>(
    strings: S & { [K in keyof S]: K extends keyof E ? Checked<E[K], S[K]> : never },
  ): S => strings;
}
