import { Ellipsis, RotateCw } from "lucide-react";
import { useState } from "react";
import { Button, IconButton } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuSeparator, MenuSwitch } from "@/components/ui/menu";
import { Popover } from "@/components/ui/popover";
import { Sheet } from "@/components/ui/sheet";
import { toast } from "@/components/ui/toast";
import { Tooltip } from "@/components/ui/tooltip";
import { t } from "@/i18n";
import { Specimen } from "./Specimen";
import type { DesignWords } from "./words";

/** What opens over the page. */
export function Over({ words }: { words: DesignWords }) {
  const [dialog, setDialog] = useState(false);
  const [sheet, setSheet] = useState(false);
  const [wrap, setWrap] = useState(true);
  const [choice, setChoice] = useState("a");
  const title = t("restart.title", { app: "shop" });
  return (
    <>
      <Specimen name="Dialog" when={words.dialog_when}>
        <Button onClick={() => setDialog(true)}>{words.open}</Button>
        <Dialog open={dialog} onOpenChange={setDialog} title={title} description={words.body}>
          <DialogActions>
            <Button onClick={() => setDialog(false)}>{t("common.cancel")}</Button>
            <Button look="danger" onClick={() => setDialog(false)}>
              {t("common.remove")}
            </Button>
          </DialogActions>
        </Dialog>
      </Specimen>
      <Specimen name="Sheet" when={words.sheet_when}>
        <Button onClick={() => setSheet(true)}>{words.open}</Button>
        <Sheet open={sheet} onOpenChange={setSheet} title={title}>
          {words.body}
        </Sheet>
      </Specimen>
      <Specimen name="Popover" when={words.popover_when}>
        <Popover label={words.popover_when} trigger={<Button>{words.open}</Button>}>
          {words.body}
        </Popover>
      </Specimen>
      <Specimen name="Menu" when={words.menu_when}>
        <Menu
          align="start"
          trigger={
            <IconButton look="plain" label={words.open}>
              <Ellipsis size={16} aria-hidden />
            </IconButton>
          }
        >
          <MenuLabel>shop</MenuLabel>
          <MenuItem>{t("deploy.button")}</MenuItem>
          <MenuItem danger>{t("common.remove")}</MenuItem>
          <MenuSeparator />
          <MenuSwitch checked={wrap} onChange={setWrap}>
            {t("logs.wrap")}
          </MenuSwitch>
          <MenuSeparator />
          <MenuChoice
            value={choice}
            onChange={setChoice}
            options={[
              { value: "a", label: words.tab_first },
              { value: "b", label: words.tab_second },
            ]}
          />
        </Menu>
      </Specimen>
      <Specimen name="Tooltip" when={words.tooltip_when}>
        <Tooltip text={words.body}>
          <IconButton look="plain" label={t("restart.button")} title={undefined}>
            <RotateCw size={15} aria-hidden />
          </IconButton>
        </Tooltip>
      </Specimen>
      <Specimen name="toast" when={words.toast_when}>
        <Button onClick={() => toast(t("settings.saved"))}>{words.open}</Button>
      </Specimen>
    </>
  );
}
