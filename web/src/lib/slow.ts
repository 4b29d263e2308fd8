import { useEffect, useState } from "react";

/** True once wanted has been true for so long: what is over at once is not worth a word. */
export function useSlow(wanted: boolean, afterMs: number): boolean {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    if (!wanted) {
      setSlow(false);
      return;
    }
    const timer = setTimeout(() => setSlow(true), afterMs);
    return () => clearTimeout(timer);
  }, [wanted, afterMs]);
  return slow;
}
