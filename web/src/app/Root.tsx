import { Outlet } from "@tanstack/react-router";
import { Toasts } from "@/components/ui/toast";
import { useLanguage } from "@/i18n/language";
import { RouteFocus } from "./RouteFocus";

export function Root() {
  useLanguage();
  return (
    <>
      <Outlet />
      <RouteFocus />
      <Toasts />
    </>
  );
}
