import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { keys } from "@/api/queries";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { ErrorNote } from "@/components/ui/feedback";
import { Field, Input } from "@/components/ui/field";
import { Card } from "@/components/ui/layout";
import { toast } from "@/components/ui/toast";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { plainHost, wrongHost } from "./host";
import { RecordNote } from "./RecordNote";

interface AddDomainProps {
  app: string;
  /** The hosts that lead to the app already. */
  known: string[];
  /** The app's own name under the installation's domain. */
  automatic: string;
}

/** Makes a host name lead to an app, and says what its DNS needs for that. */
export function AddDomain({ app, known, automatic }: AddDomainProps) {
  const [text, setText] = useState("");
  // A name is not called wrong while it is still being typed.
  const [left, setLeft] = useState(false);
  const client = useQueryClient();
  const add = useAction((name: string) => api.addDomain(app, name));
  const host = plainHost(text);
  const wrong = wrongHost(host, known, automatic.slice(app.length + 1));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setLeft(true);
    if (wrong || !(await add.run(host))) return;
    setText("");
    setLeft(false);
    toast(t("domains.added", { host }));
    void client.invalidateQueries({ queryKey: keys.app(app) });
  };
  return (
    <Card className="mb-5 p-4 sm:p-5">
      <form onSubmit={submit} noValidate>
        <Field
          label={t("domains.add")}
          hint={t("domains.add_hint")}
          error={left && wrong ? t(wrong) : add.field("host")}
        >
          <Input
            mono
            inputMode="url"
            autoComplete="off"
            placeholder="www.example.com"
            value={text}
            onChange={(e) => {
              setText(e.target.value);
              add.reset();
            }}
            onBlur={() => setLeft(text !== "")}
          />
        </Field>
        <ErrorNote error={add.general("host")} className="mt-3" />
        {text !== "" && !wrong && (
          <div className="mt-3">
            <RecordNote host={host} automatic={automatic} />
          </div>
        )}
        <div className="mt-3 flex flex-wrap items-center justify-between gap-3">
          <CommandHint command={cli("domains add", app, host || "HOST")} />
          <Button type="submit" look="primary" busy={add.busy} className="ml-auto">
            {t("domains.add")}
          </Button>
        </div>
      </form>
    </Card>
  );
}
