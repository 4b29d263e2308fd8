import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import {
  CircleUser,
  HardDrive,
  KeyRound,
  LogOut,
  MonitorSmartphone,
  Server,
  UserRound,
  Users,
} from "lucide-react";
import { queries } from "@/api/queries";
import { can } from "@/api/types";
import { IconButton } from "@/components/ui/button";
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuSeparator, MenuSwitch } from "@/components/ui/menu";
import { toast } from "@/components/ui/toast";
import { t } from "@/i18n";
import { chooseLanguage, languages, useLanguage } from "@/i18n/language";
import { setNotify, useNotify } from "@/lib/notify";
import { chooseTheme, useTheme } from "@/lib/theme";
import { useSignOut } from "./useSignOut";

/** Who one is, the theme, the language, and the way out. It is fetched when it is first opened, hence open at once. */
export default function AccountMenu() {
  const { data } = useQuery(queries.session());
  const theme = useTheme();
  const language = useLanguage();
  const notifying = useNotify();
  const signOut = useSignOut();
  return (
    <Menu
      defaultOpen
      trigger={
        <IconButton label={t("nav.account_menu")} size="icon">
          <CircleUser size={20} aria-hidden />
        </IconButton>
      }
    >
      <MenuLabel>{data?.user.email}</MenuLabel>
      <MenuItem asChild>
        <Link to="/account">
          <UserRound size={15} aria-hidden />
          {t("nav.account")}
        </Link>
      </MenuItem>
      <MenuItem asChild>
        <Link to="/account/tokens">
          <KeyRound size={15} aria-hidden />
          {t("nav.tokens")}
        </Link>
      </MenuItem>
      <MenuItem asChild>
        <Link to="/account/sessions">
          <MonitorSmartphone size={15} aria-hidden />
          {t("nav.sessions")}
        </Link>
      </MenuItem>
      <MenuItem asChild>
        <Link to="/clusters">
          <Server size={15} aria-hidden />
          {t("nav.clusters")}
        </Link>
      </MenuItem>
      {can(data, "admin") && (
        <MenuItem asChild>
          <Link to="/account/people">
            <Users size={15} aria-hidden />
            {t("people.title")}
          </Link>
        </MenuItem>
      )}
      {can(data, "admin") && (
        <MenuItem asChild>
          <Link to="/account/space">
            <HardDrive size={15} aria-hidden />
            {t("space.title")}
          </Link>
        </MenuItem>
      )}
      <MenuSeparator />
      <MenuLabel>{t("theme.label")}</MenuLabel>
      <MenuChoice
        value={theme}
        onChange={chooseTheme}
        options={[
          { value: "system", label: t("theme.system") },
          { value: "light", label: t("theme.light") },
          { value: "dark", label: t("theme.dark") },
        ]}
      />
      <MenuSeparator />
      <MenuLabel>{t("language.label")}</MenuLabel>
      <MenuChoice
        value={language}
        onChange={(tag) => void chooseLanguage(tag).catch(() => toast(t("language.failed")))}
        options={languages.map(({ tag, name }) => ({ value: tag, label: <span lang={tag}>{name}</span> }))}
      />
      <MenuSeparator />
      <MenuSwitch
        checked={notifying === "on"}
        disabled={notifying === "unavailable" || notifying === "blocked"}
        onChange={(on) => void setNotify(on)}
      >
        {t("notify.switch")}
        <span className="block text-text-3 text-xs">
          {notifying === "unavailable" || notifying === "blocked"
            ? t(`notify.${notifying}`)
            : t("notify.hint")}
        </span>
      </MenuSwitch>
      <MenuSeparator />
      <MenuItem onSelect={() => void signOut()}>
        <LogOut size={15} aria-hidden />
        {t("nav.sign_out")}
      </MenuItem>
    </Menu>
  );
}
