import { Fragment, type ReactNode } from "react";
import { type Key, type ParamsFor, pieces } from "./index";

/** A string of the catalogue whose parameters are elements. */
export function Say<K extends Key>({ k, values }: { k: K; values: { [P in ParamsFor<K>]: ReactNode } }) {
  const given = values as Record<string, ReactNode>;
  return pieces(k).map((piece, i) => (
    <Fragment key={i}>{piece.param === undefined ? piece.text : given[piece.param]}</Fragment>
  ));
}
