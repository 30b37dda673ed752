import type { ComponentChildren } from "preact";

/** Scrolls sideways where its content is wider than the page. */
export function ScrollArea({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ComponentChildren;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without focus, no keyboard could scroll it
    <section class="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
