import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useMemo, useRef, useState } from "react";
import { api } from "@/api/client";
import { asProblem, type Problem } from "@/api/problem";
import { keys, queries } from "@/api/queries";
import type { App } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CommandHint } from "@/components/ui/copy";
import { ErrorNote } from "@/components/ui/feedback";
import { Field, Input } from "@/components/ui/field";
import { Card } from "@/components/ui/layout";
import { t } from "@/i18n";
import { Say } from "@/i18n/Say";
import { useAction } from "@/lib/form";
import {
  anyName,
  blank,
  commandOf,
  type Draft,
  type Field as FieldName,
  firstDeployment,
  freeName,
  requestOf,
  suggestedName,
  troubles,
} from "./draft";
import { Examples } from "./Examples";
import { GitFields } from "./GitFields";
import type { NewAppSearch } from "./search";
import { useNameTrouble } from "./useNameTrouble";
import { Ways } from "./Ways";

export interface Made {
  app: App;
  draft: Draft;
  /** Why its first deployment did not start; the app is there all the same. */
  problem?: Problem;
}

interface NewAppFormProps {
  search: NewAppSearch;
  onSearch: (search: NewAppSearch) => void;
  onMade: (made: Made) => void | Promise<void>;
}

const shown = ["name", "image", "source.url", "source.branch", "source.deploy_key", "source.token"];

/** Where an app comes from and what it is called. */
export function NewAppForm({ search, onSearch, onMade }: NewAppFormProps) {
  const [draft, setDraft] = useState<Draft>(() => ({
    ...blank,
    way: search.way ?? "push",
    name: search.name ?? "",
  }));
  const [named, setNamed] = useState(Boolean(search.name));
  const [tried, setTried] = useState(false);
  const [refused, setRefused] = useState<Draft>();
  const [offered] = useState(() => anyName());
  const made = useRef(false);
  const form = useRef<HTMLFormElement>(null);
  const client = useQueryClient();
  const { data: apps } = useQuery(queries.apps());
  const listed = useMemo(() => new Set(apps?.map((app) => app.name)), [apps]);

  const create = useAction(async (wanted: Draft): Promise<Made> => {
    const app = await api.createApp(requestOf(wanted));
    made.current = true;
    void client.invalidateQueries({ queryKey: keys.apps });
    client.setQueryData(queries.app(app.name).queryKey, app);
    const first = firstDeployment(wanted);
    if (!first || app.last_deployment) return { app, draft: wanted };
    // The app is there now; that its first deployment did not start is the next page's to tell.
    const problem = await api.deploy(app.name, first).then(() => undefined, asProblem);
    void client.invalidateQueries({ queryKey: keys.app(app.name) });
    return { app, draft: wanted, problem };
  });

  // While it is being made the new app is listed itself, and its name is no other's.
  const known = useRef(listed);
  if (!create.busy && !made.current) known.current = listed;
  const taken = known.current;

  // Until somebody gives it a name, it is called what it comes from.
  const full = named ? draft : { ...draft, name: freeName(suggestedName(draft), taken) };
  const name = useNameTrouble(full.name, taken, tried);
  const put = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));

  const settled = named ? name.settled : "";
  useEffect(() => {
    // Once the app is there the way leads to its page, and nothing may turn it back to the form.
    if (made.current) return;
    const next = { way: draft.way === "push" ? undefined : draft.way, name: settled || undefined };
    if (next.way !== search.way || next.name !== search.name) onSearch(next);
  }, [draft.way, settled, search.way, search.name, onSearch]);

  const go = async (wanted: Draft) => {
    setTried(true);
    if (Object.keys(troubles(wanted)).length > 0 || name.taken(wanted.name)) return focusTrouble();
    setRefused(wanted);
    const result = await create.run(wanted);
    if (result) await onMade(result);
    else focusTrouble();
  };
  // The field is marked by the time that the effect runs, and no sooner.
  const [troubled, setTroubled] = useState(0);
  const focusTrouble = () => setTroubled((before) => before + 1);
  useEffect(() => {
    if (troubled > 0) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [troubled]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (full.way !== "example") void go(full);
  };
  const attempt = (example: string) => {
    const wanted = { ...full, example };
    if (!named) wanted.name = freeName(suggestedName(wanted), taken);
    put({ example });
    void go(wanted);
  };

  const found = troubles(full);
  const trouble = (...names: string[]) => {
    const mine = tried ? names.map((one) => found[one as FieldName]).find(Boolean) : undefined;
    if (mine) return mine;
    // What the server said is about what it was sent.
    const same = names.every((one) => typed(full, one) === typed(refused, one));
    return same ? create.field(...names) : undefined;
  };
  const deploys = full.way === "git" || full.way === "image";
  return (
    <form ref={form} onSubmit={submit} noValidate>
      <Card className="space-y-6 p-4 sm:p-6">
        <Ways way={full.way} onChoose={(way) => put({ way })} />
        {full.way === "git" && <GitFields draft={full} put={put} trouble={trouble} />}
        {full.way === "image" && (
          <Field label={t("deploy.image")} hint={t("deploy.image_hint")} error={trouble("image")}>
            <Input
              mono
              value={full.image}
              onChange={(e) => put({ image: e.target.value })}
              placeholder="registry.example.com/team/app:1.4"
            />
          </Field>
        )}
        <div className="max-w-sm">
          <Field
            label={t("new.name")}
            hint={full.way === "example" && !named ? t("new.name_example") : t("new.name_hint")}
            error={name.trouble ?? trouble("name")}
          >
            <Input
              mono
              required
              maxLength={40}
              value={full.name}
              onBlur={name.onBlur}
              onChange={(e) => {
                setNamed(true);
                put({ name: e.target.value });
              }}
              placeholder="hello"
            />
          </Field>
          {full.name === "" && full.way !== "example" && (
            <Button
              size="sm"
              className="mt-2"
              onClick={() => {
                setNamed(true);
                put({ name: freeName(offered, taken) });
              }}
            >
              <span>
                <Say
                  k="new.use_name"
                  values={{ name: <span translate="no">{freeName(offered, taken)}</span> }}
                />
              </span>
            </Button>
          )}
        </div>
        {full.way === "example" && <Examples busy={create.busy ? full.example : ""} onTry={attempt} />}
        <ErrorNote error={create.general(...shown)} />
        {full.way !== "example" && (
          <Button type="submit" look="primary" busy={create.busy}>
            {deploys ? t("new.submit_deploy") : t("new.submit")}
          </Button>
        )}
        <CommandHint command={commandOf(full)} />
      </Card>
    </form>
  );
}

/** What a draft has for a field of the request. */
function typed(draft: Draft | undefined, field: string): string | undefined {
  if (field === "name" || field === "image") return draft?.[field];
  if (field.endsWith("branch")) return draft?.branch;
  if (field.endsWith("key") || field.endsWith("token")) return draft?.secret;
  return draft?.url;
}
