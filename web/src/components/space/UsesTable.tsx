import type { Space } from "@/api/types";
import { HeadCell, Table, TableHead } from "@/components/ui/table";
import { bytes } from "@/deployments/words";
import { num, t, tWord } from "@/i18n";

// Of these nothing is ever collected.
const kept = new Set(["other_cache", "volumes", "work", "database"]);

/** What each kind of thing takes, largest first, and what of it would go. */
export function UsesTable({ uses }: { uses: Space["uses"] }) {
  const sorted = [...uses].sort((a, b) => b.bytes - a.bytes);
  return (
    <Table label={t("space.uses")}>
      <TableHead>
        <HeadCell className="sm:pl-5!">{t("space.kind")}</HeadCell>
        <HeadCell end className="max-sm:hidden">
          {t("space.count")}
        </HeadCell>
        <HeadCell end>{t("space.bytes")}</HeadCell>
        <HeadCell end className="sm:pr-5!">
          {t("space.goes")}
        </HeadCell>
      </TableHead>
      <tbody className="divide-y tabular-nums">
        {sorted.map((use) => (
          <tr key={use.kind}>
            <th scope="row" className="py-2 pr-3 pl-4 text-left font-normal sm:pl-5">
              {tWord("space.kinds", use.kind)}
            </th>
            <td className="px-3 py-2 text-right text-text-2 max-sm:hidden">
              {use.count > 0 ? num(use.count) : "–"}
            </td>
            <td className="whitespace-nowrap px-3 py-2 text-right">
              {use.bytes > 0 ? bytes(use.bytes) : "–"}
            </td>
            <td className="whitespace-nowrap py-2 pr-4 pl-3 text-right text-text-2 sm:pr-5">
              {kept.has(use.kind) ? (
                <span className="text-text-3">{t("space.kept")}</span>
              ) : use.policy_bytes > 0 ? (
                bytes(use.policy_bytes)
              ) : (
                "–"
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
