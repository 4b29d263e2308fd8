import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Rocket } from "lucide-react";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { queries } from "@/api/queries";
import { type App, type CreateDeployment, can } from "@/api/types";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { Button } from "./ui/button";
import { CodeBlock, CommandHint } from "./ui/copy";
import { Dialog, DialogActions } from "./ui/dialog";
import { ErrorNote } from "./ui/feedback";
import { Field, Input, Select } from "./ui/field";

/** Starts a deployment from what the server can fetch itself, or says how to send it. */
export function DeployButton({ app: name }: { app: string }) {
  const [open, setOpen] = useState(false);
  const { data: app } = useQuery(queries.app(name));
  const { data: me } = useQuery(queries.session());
  if (!app || !can(me, "deploy")) return null;
  return (
    <>
      <Button look="primary" onClick={() => setOpen(true)}>
        <Rocket size={15} aria-hidden />
        {t("deploy.button")}
      </Button>
      <Dialog open={open} onOpenChange={setOpen} title={t("deploy.title", { app: name })}>
        <DeployForm app={app} onDone={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

type Way = "git" | "image" | "push";

function DeployForm({ app, onDone }: { app: App; onDone: () => void }) {
  const [way, setWay] = useState<Way>(
    app.source ? "git" : app.last_deployment?.trigger === "image" ? "image" : "push",
  );
  const [ref, setRef] = useState("");
  const [image, setImage] = useState(app.last_deployment?.image ?? "");
  const navigate = useNavigate();
  const deploy = useAction((body: CreateDeployment) => api.deploy(app.name, body));

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const made = await deploy.run(way === "image" ? { image } : { git: ref ? { ref } : {} });
    if (!made) return;
    onDone();
    await navigate({
      to: "/apps/$app/deployments/$number",
      params: { app: app.name, number: String(made.number) },
    });
  };
  const command =
    way === "image"
      ? cli("deploy", app.name, "--image", image || "IMAGE")
      : cli("deploy", app.name, ref ? `--git=${ref}` : "--git");
  return (
    <form onSubmit={submit} className="mt-3 space-y-4">
      <Field label={t("deploy.from")}>
        <Select value={way} onChange={(e) => setWay(e.target.value as Way)}>
          <option value="push">{t("deploy.from_push")}</option>
          {app.source && <option value="git">{t("deploy.from_git")}</option>}
          <option value="image">{t("deploy.from_image")}</option>
        </Select>
      </Field>
      {way === "push" && (
        <div className="space-y-2">
          <p className="text-text-2">{t("deploy.push_body")}</p>
          <CodeBlock text={`git push ${app.git_url} HEAD:${app.branch || "main"}`} />
          <p className="text-text-2">{t("deploy.upload_body")}</p>
          <CodeBlock text={cli("deploy", app.name)} />
        </div>
      )}
      {way === "git" && (
        <Field
          label={t("deploy.ref")}
          optional={t("common.optional")}
          hint={t("deploy.ref_hint", { branch: app.branch || "main", url: app.source?.url ?? "" })}
          error={deploy.field("git.ref", "ref")}
        >
          <Input
            mono
            value={ref}
            onChange={(e) => setRef(e.target.value)}
            placeholder={app.branch || "main"}
          />
        </Field>
      )}
      {way === "image" && (
        <Field label={t("deploy.image")} hint={t("deploy.image_hint")} error={deploy.field("image")}>
          <Input mono required value={image} onChange={(e) => setImage(e.target.value)} />
        </Field>
      )}
      <ErrorNote error={deploy.general("image", "git.ref", "ref")} />
      {way !== "push" && (
        <>
          <CommandHint command={command} />
          <DialogActions>
            <Button onClick={onDone}>{t("common.cancel")}</Button>
            <Button type="submit" look="primary" busy={deploy.busy}>
              {t("deploy.submit")}
            </Button>
          </DialogActions>
        </>
      )}
    </form>
  );
}
