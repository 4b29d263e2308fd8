import { Card } from "@/components/ui/layout";
import { cx } from "@/lib/cx";
import { colours, sizes } from "./tokens";
import type { DesignWords } from "./words";

/** Every token, shown by itself. */
export function Tokens({ words }: { words: DesignWords }) {
  return (
    <div className="space-y-5">
      <Card className="p-4 sm:p-5">
        <Head title={words.colours} when={words.colours_when} />
        <div className="space-y-5">
          {colours.map(({ when, names }) => (
            <section key={when}>
              <h4 className="mb-2 text-sm text-text-2">{words[when]}</h4>
              <ul className="grid grid-cols-[repeat(auto-fill,minmax(8.5rem,1fr))] gap-3">
                {names.map((name) => (
                  <li key={name} className="min-w-0">
                    <span
                      className="block h-10 rounded-md border"
                      style={{ backgroundColor: `var(--${name})` }}
                      aria-hidden
                    />
                    <span className="mt-1 block truncate font-mono text-xs">{name}</span>
                  </li>
                ))}
              </ul>
            </section>
          ))}
        </div>
      </Card>
      <Card className="p-4 sm:p-5">
        <Head title={words.type} when={words.type_when} />
        <dl className="space-y-3">
          {sizes.map(([size, when]) => (
            <div key={size} className="flex flex-wrap items-baseline justify-between gap-x-6">
              <dt className={size}>{words[when]}</dt>
              <dd className="font-mono text-text-3 text-xs">{size}</dd>
            </div>
          ))}
          <div className="flex flex-wrap items-baseline justify-between gap-x-6">
            <dt className="font-mono">{words.type_mono}</dt>
            <dd className="font-mono text-text-3 text-xs">font-mono</dd>
          </div>
        </dl>
      </Card>
      <Card className="p-4 sm:p-5">
        <Head title={words.space} when={words.space_when} />
        <div className="flex flex-wrap items-end gap-6">
          {[2, 3, 4, 5].map((step) => (
            <div key={step} className="text-center">
              <span
                className="mx-auto block bg-accent"
                style={{ width: step * 4, height: step * 4 }}
                aria-hidden
              />
              <span className="mt-1 block font-mono text-text-3 text-xs">{step * 4}</span>
            </div>
          ))}
          {["rounded-sm", "rounded-md", "rounded-lg", "shadow-1", "shadow-2"].map((shape) => (
            <div key={shape} className="text-center">
              <span
                className={cx(
                  "mx-auto block size-14 border bg-surface",
                  shape.startsWith("shadow") && "rounded-md",
                  shape,
                )}
                aria-hidden
              />
              <span className="mt-1.5 block font-mono text-text-3 text-xs">{shape}</span>
            </div>
          ))}
        </div>
      </Card>
      <Card className="p-4 sm:p-5">
        <Head title={words.motion} when={words.motion_when} />
        <dl className="grid gap-2 sm:grid-cols-2">
          {(["motion-fast", "motion-slow"] as const).map((name) => (
            <div key={name} className="group flex items-center gap-3">
              <dt className="font-mono text-sm">{name}</dt>
              <dd className="text-sm text-text-2">
                {name === "motion-fast" ? words.motion_fast : words.motion_slow}
              </dd>
              <span
                aria-hidden
                className="size-3 rounded-full bg-accent transition-transform group-hover:translate-x-8"
                style={{ transitionDuration: `var(--${name})` }}
              />
            </div>
          ))}
        </dl>
      </Card>
    </div>
  );
}

function Head({ title, when }: { title: string; when: string }) {
  return (
    <>
      <h3 className="font-semibold">{title}</h3>
      <p className="mt-0.5 mb-4 max-w-2xl text-sm text-text-2">{when}</p>
    </>
  );
}
