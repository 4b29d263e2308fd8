import { useQuery } from "@tanstack/react-query";
import { queries } from "@/api/queries";
import { DeployDialog } from "@/components/DeployButton";
import { RestartDialog } from "@/components/RestartButton";
import { Palette } from "./Palette";
import { type Panel, showPanel } from "./panel";
import { ShortcutsDialog } from "./ShortcutsDialog";

const change = (open: boolean) => {
  if (!open) showPanel(undefined);
};

/** Whatever is open over the page; fetched when it is first wanted. */
export default function Panels({ panel, app }: { panel: Panel; app: string | undefined }) {
  if (panel === "shortcuts") return <ShortcutsDialog onOpenChange={change} inApp={app !== undefined} />;
  if ((panel === "deploy" || panel === "restart") && app) return <AppDialog panel={panel} name={app} />;
  return <Palette key={panel} app={app} begin={panel} />;
}

function AppDialog({ panel, name }: { panel: "deploy" | "restart"; name: string }) {
  const { data: app } = useQuery(queries.app(name));
  if (!app) return null;
  if (panel === "deploy") return <DeployDialog app={app} open onOpenChange={change} />;
  return <RestartDialog app={app} open onOpenChange={change} />;
}
