import { useMemo } from "react";
import { encode } from "uqr";
import { t } from "@/i18n";

// Readers want the pattern dark on light with a margin, whatever the theme.
const margin = 3;

/** An address to open with a phone's camera. */
export default function QrCode({ url }: { url: string }) {
  const { size, path } = useMemo(() => {
    const { data, size } = encode(url, { border: margin });
    const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
    return { size, path };
  }, [url]);
  return (
    <svg
      role="img"
      aria-label={t("watch.qr", { url })}
      viewBox={`0 0 ${size} ${size}`}
      shapeRendering="crispEdges"
      className="size-36 scheme-light rounded-md border bg-[Canvas]"
    >
      <path d={path} className="fill-[CanvasText]" />
    </svg>
  );
}
