import { Page } from "@/app/Page";
import { PageHead } from "@/components/ui/layout";
import { t } from "@/i18n";
import { useTitle } from "@/lib/title";
import { Controls } from "./Controls";
import { Over } from "./Over";
import { Shown } from "./Shown";
import { Tokens } from "./Tokens";
import { useWords } from "./words";

/** The design system, for those who build pages: nothing leads here but the palette. */
export default function Design() {
  const words = useWords();
  useTitle(t("design.title"));
  return (
    <Page>
      <PageHead title={t("design.title")}>{words.lead}</PageHead>
      <nav aria-label={words.contents} className="mb-5 flex gap-4">
        <a href="#tokens" className="link">
          {words.tokens}
        </a>
        <a href="#components" className="link">
          {words.components}
        </a>
      </nav>
      <h2 id="tokens" className="mb-3 scroll-mt-16 font-semibold text-lg">
        {words.tokens}
      </h2>
      <Tokens words={words} />
      <h2 id="components" className="mt-8 mb-3 scroll-mt-16 font-semibold text-lg">
        {words.components}
      </h2>
      <div className="grid grid-cols-1 items-start gap-5 2xl:grid-cols-2">
        <Controls words={words} />
        <Shown words={words} />
        <Over words={words} />
      </div>
    </Page>
  );
}
