import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Rocket } from "lucide-react";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { queries } from "@/api/queries";
import { type App, can, type Deployment, terminal } from "@/api/types";
import { deploymentWords } from "@/deployments/words";
import { t } from "@/i18n";
import { cli } from "@/lib/command";
import { useAction } from "@/lib/form";
import { Button } from "./ui/button";
import { CodeBlock, CommandHint } from "./ui/copy";
import { Dialog, DialogActions } from "./ui/dialog";
import { ErrorNote } from "./ui/feedback";
import { Field, Input, Select } from "./ui/field";
import { DeploymentBadge } from "./ui/status";

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
      <DeployDialog app={app} open={open} onOpenChange={setOpen} />
    </>
  );
}

/** The dialog alone, for where it is opened by something else. */
export function DeployDialog(props: { app: App; open: boolean; onOpenChange: (open: boolean) => void }) {
  const { app, open, onOpenChange } = props;
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t("deploy.title", { app: app.name })}>
      <DeployForm app={app} onDone={() => onOpenChange(false)} />
    </Dialog>
  );
}

type Way = "git" | "image" | "push" | "again";

/** What a deployment is most likely wanted from: where the last one came from. */
function likelyWay(app: App): Way {
  if (app.source) return "git";
  return app.last_deployment?.trigger === "image" ? "image" : "push";
}

function DeployForm({ app, onDone }: { app: App; onDone: () => void }) {
  const [way, setWay] = useState<Way>(() => likelyWay(app));
  const [ref, setRef] = useState("");
  const [image, setImage] = useState(app.last_deployment?.image ?? "");
  // The one that was the last when the dialog opened: another person's must not take its place unseen.
  const [last] = useState(app.last_deployment);
  const again = last && terminal(last.state) ? last : undefined;
  const navigate = useNavigate();
  const deploy = useAction(() => {
    if (way === "again" && again) return api.retryDeployment(app.name, again.number);
    return api.deploy(app.name, way === "image" ? { image: image.trim() } : { git: ref ? { ref } : {} });
  });

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const made = await deploy.run();
    if (!made) return;
    onDone();
    await navigate({
      to: "/apps/$app/deployments/$number",
      params: { app: app.name, number: String(made.number) },
    });
  };
  return (
    <form onSubmit={submit} className="mt-3 space-y-4">
      <Field label={t("deploy.from")}>
        <Select
          value={way}
          onChange={(e) => {
            setWay(e.target.value as Way);
            deploy.reset();
          }}
        >
          <option value="push">{t("deploy.from_push")}</option>
          {app.source && <option value="git">{t("deploy.from_git")}</option>}
          <option value="image">{t("deploy.from_image")}</option>
          {again && <option value="again">{t("deploy.from_last", { n: again.number })}</option>}
        </Select>
      </Field>
      {way === "push" && <HowToSend app={app} />}
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
      {way === "again" && again && <Last deployment={again} />}
      <ErrorNote error={deploy.general("image", "git.ref", "ref")} />
      {way === "push" ? (
        !app.source && <NoSource app={app.name} />
      ) : (
        <>
          <CommandHint command={commandOf(way, app.name, ref, image, again)} />
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

function commandOf(way: Way, app: string, ref: string, image: string, again: Deployment | undefined): string {
  if (way === "again") return cli("retry", app, String(again?.number ?? ""));
  if (way === "image") return cli("deploy", app, "--image", image || "IMAGE");
  return cli("deploy", app, ref ? `--git=${ref}` : "--git");
}

function HowToSend({ app }: { app: App }) {
  return (
    <div className="space-y-2">
      <p className="text-text-2">{t("deploy.push_body")}</p>
      <CodeBlock
        text={`git push ${app.git_url} HEAD:${app.branch || "main"}`}
        label={t("common.copy_command")}
      />
      <p className="text-text-2">{t("deploy.upload_body")}</p>
      <CodeBlock text={cli("deploy", app.name)} label={t("common.copy_command")} />
    </div>
  );
}

function NoSource({ app }: { app: string }) {
  return (
    <p className="text-sm text-text-3">
      {t("deploy.no_source")}{" "}
      <Link to="/apps/$app/settings" params={{ app }} className="link">
        {t("tab.settings")}
      </Link>
    </p>
  );
}

function Last({ deployment: d }: { deployment: Deployment }) {
  return (
    <div className="rounded-md border px-3 py-2.5">
      <p className="flex items-center gap-2">
        <span className="font-medium">#{d.number}</span>
        <DeploymentBadge state={d.state} />
      </p>
      <p className="mt-1 line-clamp-2 break-words text-text-2">{deploymentWords(d)}</p>
      <p className="mt-1 text-sm text-text-3">{t("deploy.last_hint")}</p>
    </div>
  );
}
