import { Outlet } from "@tanstack/react-router";
import { Toasts } from "@/components/ui/toast";

export function Root() {
  return (
    <>
      <Outlet />
      <Toasts />
    </>
  );
}
