import { useEffect, useState } from "react";

/** A value once it has stayed the same for so many milliseconds: the server is not asked for each key that is pressed. */
export function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
