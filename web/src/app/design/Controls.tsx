import { LayoutGrid, List, RotateCw } from "lucide-react";
import { useState } from "react";
import { Button, type ButtonLook, IconButton } from "@/components/ui/button";
import { Checkbox, Field, Input, Select, Textarea } from "@/components/ui/field";
import { Kbd } from "@/components/ui/kbd";
import { Segmented } from "@/components/ui/segmented";
import { Switch } from "@/components/ui/switch";
import { Tabs } from "@/components/ui/tabs";
import { t } from "@/i18n";
import { Specimen, State, States } from "./Specimen";
import type { DesignWords } from "./words";

const looks: ButtonLook[] = ["primary", "plain", "quiet", "danger"];

/** What is pressed, typed into or chosen from. */
export function Controls({ words }: { words: DesignWords }) {
  const [view, setView] = useState("grid");
  const [on, setOn] = useState(true);
  const [off, setOff] = useState(false);
  const [tab, setTab] = useState("first");
  const content = (name: string) => words.tab_content.replace("{tab}", name);
  return (
    <>
      <Specimen name="Button" when={words.button_when}>
        <div className="space-y-4">
          {looks.map((look) => (
            <States key={look}>
              <State name={`${look}, ${words.state_default}`}>
                <Button look={look}>{t("common.save")}</Button>
              </State>
              <State name="sm">
                <Button look={look} size="sm">
                  {t("common.save")}
                </Button>
              </State>
              <State name={words.state_busy}>
                <Button look={look} busy>
                  {t("common.save")}
                </Button>
              </State>
              <State name={words.state_disabled}>
                <Button look={look} disabled>
                  {t("common.save")}
                </Button>
              </State>
            </States>
          ))}
        </div>
      </Specimen>
      <Specimen name="IconButton" when={words.icon_button_when}>
        <States>
          {(["quiet", "plain"] as const).map((look) => (
            <State key={look} name={look}>
              <IconButton look={look} label={t("common.retry")}>
                <RotateCw size={15} aria-hidden />
              </IconButton>
            </State>
          ))}
          <State name={words.state_disabled}>
            <IconButton label={t("common.retry")} disabled>
              <RotateCw size={15} aria-hidden />
            </IconButton>
          </State>
        </States>
      </Specimen>
      <Specimen name="Field, Input, Textarea" when={words.field_when}>
        <div className="grid gap-4 sm:grid-cols-3">
          <Field label={words.field_label} hint={words.field_hint} optional={t("common.optional")}>
            <Input defaultValue="shop" />
          </Field>
          <Field label={words.field_label} error={words.field_error} hint={words.field_hint}>
            <Input defaultValue="shop" mono />
          </Field>
          <Field label={words.field_label}>
            <Input defaultValue="shop" disabled />
          </Field>
          <Field label="Textarea" className="sm:col-span-3">
            <Textarea rows={2} mono defaultValue="DATABASE_URL=postgres://db/shop" />
          </Field>
        </div>
      </Specimen>
      <Specimen name="Select" when={words.select_when}>
        <div className="grid gap-4 sm:grid-cols-3">
          {[false, true].map((disabled) => (
            <Field key={String(disabled)} label={disabled ? words.state_disabled : words.state_default}>
              <Select disabled={disabled}>
                <option>{t("builder.auto")}</option>
                <option>{t("builder.static")}</option>
              </Select>
            </Field>
          ))}
        </div>
      </Specimen>
      <Specimen name="Segmented" when={words.segmented_when}>
        <States>
          <State name="md">
            <Segmented
              label={t("theme.label")}
              value={view}
              onChange={setView}
              options={[
                { value: "grid", label: words.tab_first },
                { value: "table", label: words.tab_second },
              ]}
            />
          </State>
          <State name="sm">
            <Segmented
              size="sm"
              label={t("theme.label")}
              value={view}
              onChange={setView}
              options={[
                { value: "grid", label: <LayoutGrid size={15} aria-hidden />, name: words.tab_first },
                { value: "table", label: <List size={15} aria-hidden />, name: words.tab_second },
              ]}
            />
          </State>
        </States>
      </Specimen>
      <Specimen name="Checkbox" when={words.checkbox_when}>
        <div className="grid gap-3 sm:grid-cols-3">
          <Checkbox label={words.state_default} hint={words.field_hint} defaultChecked />
          <Checkbox label={words.state_default} />
          <Checkbox label={words.state_disabled} disabled />
        </div>
      </Specimen>
      <Specimen name="Switch" when={words.switch_when}>
        <div className="max-w-md space-y-3">
          <Switch label={t("notify.switch")} hint={t("notify.hint")} checked={on} onChange={setOn} />
          <Switch label={words.state_default} checked={off} onChange={setOff} />
          <Switch label={words.state_disabled} checked disabled onChange={setOff} />
        </div>
      </Specimen>
      <Specimen name="Tabs" when={words.tabs_when}>
        <Tabs
          label={words.tabs_when}
          value={tab}
          onChange={setTab}
          tabs={[
            { value: "first", label: words.tab_first, content: content(words.tab_first) },
            { value: "second", label: words.tab_second, content: content(words.tab_second) },
          ]}
        />
      </Specimen>
      <Specimen name="Kbd" when={words.kbd_when}>
        <States>
          {["mod k", "g l", "escape"].map((keys) => (
            <Kbd key={keys} keys={keys} />
          ))}
        </States>
      </Specimen>
    </>
  );
}
