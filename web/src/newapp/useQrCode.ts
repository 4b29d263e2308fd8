import { useQuery } from "@tanstack/react-query";

/**
 * The code that draws QR codes, undefined until it is here. It is fetched while
 * one waits, and again when that was cut short: browsers drop what is on its
 * way when a network of the machine changes, as it does with a deployment.
 */
export function useQrCode() {
  const { data } = useQuery({
    queryKey: ["code", "qr"],
    queryFn: () => import("./QrCode"),
    staleTime: Number.POSITIVE_INFINITY,
    structuralSharing: false,
  });
  return data?.default;
}
