import { useEffect, useRef, useState } from "preact/hooks";
import { renderFigure } from "../../src/report/index.ts";
import type { FigureCard } from "../../src/tasks/scout/monitor/view.ts";

/** Most figures are as wide as in a report; those along the orbit follow the page. */
const narrow = 400;
const widest = 1240;

/** After a draw a figure rests for this many times as long as that took. */
const restFactor = 20;

/**
 * Draws a figure when its data change and it is in sight; each in a task of its own, so that the
 * page answers between two of them, and no more often than it is cheap. Another view is drawn at
 * once: somebody waits for it.
 * @param props.view - changes with what the reader has chosen.
 */
export function Drawing({ card, view }: { readonly card: FigureCard; readonly view: string }) {
  const box = useRef<HTMLDivElement>(null);
  const isInSight = useInSight(box);
  const width = useWidth(box, card.isWide === true);
  const [error, setError] = useState<string | null>(null);
  const drawn = useRef({ view: "", restsUntil: 0 });
  const wanted = `${view} ${width}`;
  useEffect(() => {
    if (!isInSight || width === 0) return;
    const rest = drawn.current.view === wanted ? drawn.current.restsUntil - performance.now() : 0;
    const timer = setTimeout(
      () => {
        const start = performance.now();
        setError(draw(box.current as HTMLElement, card, width));
        const end = performance.now();
        drawn.current = { view: wanted, restsUntil: end + restFactor * (end - start) };
      },
      Math.max(0, rest),
    );
    return () => clearTimeout(timer);
  }, [card, isInSight, wanted]);
  return (
    <>
      <div class="drawing" ref={box} />
      {error && <p class="error">{error}</p>}
    </>
  );
}

/** Puts the drawing into the box; gives what went wrong, or null. */
function draw(box: HTMLElement, card: FigureCard, width: number): string | null {
  try {
    const size = card.isWide ? { width, height: heightOf(card) } : {};
    box.replaceChildren(renderFigure(card.figure, { document, ...size }));
    return null;
  } catch (cause) {
    box.replaceChildren();
    return (cause as Error).message;
  }
}

function heightOf({ figure }: FigureCard): number {
  return figure.kind === "stepHistogram" && figure.lower ? 340 : 230;
}

function useInSight(box: { readonly current: HTMLElement | null }): boolean {
  const [isInSight, setInSight] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => setInSight(entries.at(-1)?.isIntersecting === true),
      { rootMargin: "300px" },
    );
    observer.observe(box.current as HTMLElement);
    return () => observer.disconnect();
  }, []);
  return isInSight;
}

function useWidth(box: { readonly current: HTMLElement | null }, isWide: boolean): number {
  const [width, setWidth] = useState(isWide ? 0 : narrow);
  useEffect(() => {
    if (!isWide) return;
    const observer = new ResizeObserver(([entry]) =>
      setWidth(Math.min(widest, Math.max(300, Math.floor(entry.contentRect.width)))),
    );
    observer.observe(box.current as HTMLElement);
    return () => observer.disconnect();
  }, [isWide]);
  return width;
}
