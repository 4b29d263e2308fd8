import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import {
  ArrowRight,
  Bell,
  Boxes,
  Check,
  Copy,
  GitBranch,
  HardDrive,
  Keyboard,
  Languages,
  LogOut,
  Palette as PaletteIcon,
  Plus,
  SunMoon,
  Users,
  Zap,
} from "lucide-react";
import type { ReactNode } from "react";
import { queries } from "@/api/queries";
import { can } from "@/api/types";
import { useSignOut } from "@/app/useSignOut";
import { Kbd } from "@/components/ui/kbd";
import { AppStatusBadge, shownStatus } from "@/components/ui/status";
import { toast } from "@/components/ui/toast";
import { inEnglish, t } from "@/i18n";
import { chooseLanguage, languages, useLanguage } from "@/i18n/language";
import { copyText } from "@/lib/clipboard";
import { setNotify, useNotify } from "@/lib/notify";
import { chooseTheme, useTheme } from "@/lib/theme";
import { findApps } from "./find";
import { Group, Item, type PalettePage } from "./Palette";
import { showPanel } from "./panel";
import { appActions, appPages, pages } from "./shortcuts";

interface RootItemsProps {
  app: string | undefined;
  page: PalettePage;
  search: string;
  turn: (to: PalettePage) => void;
  done: () => void;
}

/** What the palette finds: the app one looks at, all apps, pages, and things to do. */
export function RootItems({ app, page, search, turn, done }: RootItemsProps) {
  if (page === "theme") return <ThemeItems done={done} />;
  if (page === "language") return <LanguageItems done={done} />;
  return (
    <>
      {app && <AppItems name={app} turn={turn} done={done} />}
      <AppsItems search={search} here={app} done={done} />
      <PageItems done={done} />
      <OtherItems turn={turn} done={done} />
    </>
  );
}

function AppItems({ name, turn, done }: { name: string; turn: RootItemsProps["turn"]; done: () => void }) {
  const navigate = useNavigate();
  const { data: app } = useQuery(queries.app(name));
  const { data: me } = useQuery(queries.session());
  const copy = async (text: string) => {
    done();
    toast((await copyText(text)) ? t("common.copied") : t("common.copy_failed"));
  };
  return (
    <Group title={name}>
      {can(me, "deploy") &&
        appActions.map(({ keys, label, panel }) => (
          <Item
            key={panel}
            id={`do ${panel}`}
            words={[t(label), inEnglish(label), name]}
            icon={<Zap size={15} aria-hidden />}
            end={<Kbd keys={keys} />}
            onSelect={() => (panel === "rollback" || panel === "scale" ? turn(panel) : showPanel(panel))}
          >
            {t(label)}
          </Item>
        ))}
      {appPages.map(({ keys, label, to }) => (
        <Item
          key={to}
          id={`app ${to}`}
          words={[t(label), inEnglish(label), name]}
          icon={<ArrowRight size={15} aria-hidden />}
          end={<Kbd keys={keys} />}
          onSelect={() => {
            done();
            void navigate({ to, params: { app: name } });
          }}
        >
          {t(label)}
        </Item>
      ))}
      {app && (
        <>
          <Item
            id="copy url"
            words={[t("palette.copy_url"), inEnglish("palette.copy_url")]}
            icon={<Copy size={15} aria-hidden />}
            onSelect={() => void copy(app.url)}
          >
            {t("palette.copy_url")}
          </Item>
          <Item
            id="copy git"
            words={[t("palette.copy_git"), inEnglish("palette.copy_git")]}
            icon={<GitBranch size={15} aria-hidden />}
            onSelect={() => void copy(app.git_url)}
          >
            {t("palette.copy_git")}
          </Item>
        </>
      )}
    </Group>
  );
}

function AppsItems({ search, here, done }: { search: string; here: string | undefined; done: () => void }) {
  const { data: apps } = useQuery(queries.apps());
  const navigate = useNavigate();
  const found = findApps(apps ?? [], search, here);
  if (found.length === 0) return null;
  return (
    <Group title={t("nav.apps")}>
      {found.map((app) => (
        <Item
          key={app.id}
          id={`to ${app.name}`}
          words={[app.name, ...app.urls]}
          icon={<Boxes size={15} aria-hidden />}
          end={<AppStatusBadge status={shownStatus(app)} />}
          onSelect={() => {
            done();
            void navigate({ to: "/apps/$app", params: { app: app.name } });
          }}
        >
          {app.name}
        </Item>
      ))}
    </Group>
  );
}

function PageItems({ done }: { done: () => void }) {
  const navigate = useNavigate();
  const { data: me } = useQuery(queries.session());
  return (
    <Group title={t("shortcuts.go")}>
      {pages
        .filter(({ to }) => to !== "/new" || can(me, "write"))
        .map(({ keys, label, to, search }) => (
          <Item
            key={keys}
            id={`page ${keys}`}
            words={[t(label), inEnglish(label)]}
            icon={
              keys.startsWith("n") ? <Plus size={15} aria-hidden /> : <ArrowRight size={15} aria-hidden />
            }
            end={<Kbd keys={keys} />}
            onSelect={() => {
              done();
              void navigate({ to, search });
            }}
          >
            {t(label)}
          </Item>
        ))}
    </Group>
  );
}

function OtherItems({ turn, done }: { turn: RootItemsProps["turn"]; done: () => void }) {
  const navigate = useNavigate();
  const notifying = useNotify();
  const signOut = useSignOut();
  const { data: me } = useQuery(queries.session());
  const go = (to: "/account/sessions" | "/account/people" | "/account/space" | "/design") => () => {
    done();
    void navigate({ to });
  };
  const item = (key: OtherKey, icon: ReactNode, onSelect: () => void, end?: ReactNode) => (
    <Item key={key} id={key} words={[t(key), inEnglish(key)]} icon={icon} onSelect={onSelect} end={end}>
      {t(key)}
    </Item>
  );
  return (
    <Group title={t("palette.other")}>
      {item("nav.sessions", <ArrowRight size={15} aria-hidden />, go("/account/sessions"))}
      {can(me, "admin") && item("people.title", <Users size={15} aria-hidden />, go("/account/people"))}
      {can(me, "admin") && item("space.title", <HardDrive size={15} aria-hidden />, go("/account/space"))}
      {item("theme.label", <SunMoon size={15} aria-hidden />, () => turn("theme"))}
      {item("language.label", <Languages size={15} aria-hidden />, () => turn("language"))}
      {(notifying === "on" || notifying === "off") &&
        item(
          "notify.switch",
          <Bell size={15} aria-hidden />,
          () => void setNotify(notifying === "off"),
          notifying === "on" && <Check size={15} className="text-ok" aria-hidden />,
        )}
      {item(
        "shortcuts.title",
        <Keyboard size={15} aria-hidden />,
        () => showPanel("shortcuts"),
        <Kbd keys="?" />,
      )}
      {item("design.title", <PaletteIcon size={15} aria-hidden />, go("/design"))}
      {item("nav.sign_out", <LogOut size={15} aria-hidden />, () => {
        done();
        void signOut();
      })}
    </Group>
  );
}

type OtherKey =
  | "nav.sessions"
  | "people.title"
  | "space.title"
  | "theme.label"
  | "language.label"
  | "notify.switch"
  | "shortcuts.title"
  | "design.title"
  | "nav.sign_out";

function ThemeItems({ done }: { done: () => void }) {
  const theme = useTheme();
  return (["system", "light", "dark"] as const).map((one) => (
    <Item
      key={one}
      id={`theme ${one}`}
      words={[t(`theme.${one}`)]}
      icon={theme === one && <Check size={15} aria-hidden />}
      onSelect={() => {
        chooseTheme(one);
        done();
      }}
    >
      {t(`theme.${one}`)}
    </Item>
  ));
}

function LanguageItems({ done }: { done: () => void }) {
  const language = useLanguage();
  return languages.map(({ tag, name }) => (
    <Item
      key={tag}
      id={`language ${tag}`}
      words={[name]}
      icon={language === tag && <Check size={15} aria-hidden />}
      onSelect={() => {
        void chooseLanguage(tag).catch(() => toast(t("language.failed")));
        done();
      }}
    >
      <span lang={tag}>{name}</span>
    </Item>
  ));
}
