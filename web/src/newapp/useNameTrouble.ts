import { useEffect, useState } from "react";
import { t } from "@/i18n";
import { mayGoOn, nameTrouble } from "./draft";

// Who types on is not interrupted.
const pause = 400;

/**
 * What is wrong with a name that is being typed: said once typing pauses, and
 * what more typing may mend only once the field was left or the form was sent.
 */
export function useNameTrouble(name: string, apps: ReadonlySet<string>, sent: boolean) {
  const [settled, setSettled] = useState(name);
  const [left, setLeft] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSettled(name), pause);
    return () => clearTimeout(timer);
  }, [name]);

  const taken = (one: string) => apps.has(one);
  const now = sent || left === name || settled === name;
  let trouble: string | undefined;
  if (now && (name !== "" || sent)) {
    if (sent || left === name || !mayGoOn(name)) trouble = nameTrouble(name);
    if (!trouble && taken(name)) trouble = t("new.name_taken", { name });
  }
  return { trouble, taken, settled, onBlur: () => setLeft(name) };
}
