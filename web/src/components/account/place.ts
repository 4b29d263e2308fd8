import { t } from "@/i18n";

const own = /^(?:127\.|::1$|::ffff:127\.)/;
const near =
  /^(?:::ffff:)?(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.)|^f[cd][0-9a-f]{2}:|^fe[89ab][0-9a-f]:/i;

/** Where an address is, as far as it tells by itself: nobody else is asked. */
export function placeWords(ip: string): string {
  if (ip === "") return t("place.unknown");
  if (own.test(ip)) return t("place.server");
  if (near.test(ip)) return t("place.network", { ip });
  return ip;
}
