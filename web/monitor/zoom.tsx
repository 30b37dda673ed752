import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { type CrossingRange, wholeOrbit } from "../../src/tasks/scout/monitor/view.ts";

/** A choice of crossings by number, for all figures along the orbit. */
export function ZoomFields({
  range,
  onRange,
}: {
  readonly range: CrossingRange;
  readonly onRange: (range: CrossingRange) => void;
}) {
  const field = (end: keyof CrossingRange, label: string) => (
    <input
      type="number"
      aria-label={label}
      min={wholeOrbit.first}
      max={wholeOrbit.last}
      value={range[end]}
      onChange={({ currentTarget }) => {
        const typed = currentTarget.valueAsNumber;
        const value = Number.isFinite(typed) ? typed : wholeOrbit[end];
        onRange(ordered({ ...range, [end]: value }));
      }}
    />
  );
  const isWhole = range.first === wholeOrbit.first && range.last === wholeOrbit.last;
  return (
    <p class="controls">
      <span>Crossings</span>
      {field("first", "First crossing shown")}
      <span>to</span>
      {field("last", "Last crossing shown")}
      <button type="button" disabled={isWhole} onClick={() => onRange(wholeOrbit)}>
        Whole orbit
      </button>
      <small>or drag over a figure</small>
    </p>
  );
}

/** Least crossings that a drag takes for meant. */
const leastCrossings = 4;

/** Drag over the figure inside to see only these crossings; double click for the whole orbit. */
export function ZoomArea({
  range,
  onRange,
  children,
}: {
  readonly range: CrossingRange;
  readonly onRange: (range: CrossingRange) => void;
  readonly children: ComponentChildren;
}) {
  const [drag, setDrag] = useState<{ from: number; to: number; frame: Frame } | null>(null);
  const [low, high] = drag ? [drag.from, drag.to].sort((a, b) => a - b) : [0, 0];
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the fields do the same by keyboard
    <div
      class="zoom"
      onPointerDown={(event) => {
        const frame = frameOf(event.currentTarget, range);
        if (!frame || event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        const at = frame.clamp(event.clientX);
        setDrag({ from: at, to: at, frame });
      }}
      onPointerMove={({ clientX }) => drag && setDrag({ ...drag, to: drag.frame.clamp(clientX) })}
      onPointerUp={() => {
        if (drag) {
          const [first, last] = [drag.frame.crossing(low), drag.frame.crossing(high)];
          if (last - first >= leastCrossings) onRange(ordered({ first, last }));
        }
        setDrag(null);
      }}
      onPointerCancel={() => setDrag(null)}
      onDblClick={() => onRange(wholeOrbit)}
    >
      {children}
      {drag && (
        <div
          class="selection"
          style={{
            left: `${low - drag.frame.left}px`,
            width: `${high - low}px`,
            top: `${drag.frame.top}px`,
            height: `${drag.frame.height}px`,
          }}
        />
      )}
    </div>
  );
}

/** Where the frame of a drawing is on the screen, and which crossings it shows. */
interface Frame {
  /** Left end of the area, px. */
  readonly left: number;
  /** Of the frame within the area, px. */
  readonly top: number;
  readonly height: number;
  clamp(x: number): number;
  crossing(x: number): number;
}

function frameOf(area: HTMLElement, { first, last }: CrossingRange): Frame | null {
  const box = area.querySelector('[aria-label="frame"]')?.getBoundingClientRect();
  if (!box) return null;
  const outer = area.getBoundingClientRect();
  return {
    left: outer.left,
    ...{ top: box.top - outer.top, height: box.height },
    clamp: (x) => Math.min(box.right, Math.max(box.left, x)),
    crossing: (x) => Math.round(first - 0.5 + ((x - box.left) / box.width) * (last - first + 1)),
  };
}

/** Whole crossings of the orbit, at least ten of them. */
function ordered({ first, last }: CrossingRange): CrossingRange {
  const clamp = (v: number) => Math.min(wholeOrbit.last, Math.max(wholeOrbit.first, Math.round(v)));
  const [low, high] = [first, last].map(clamp).sort((a, b) => a - b);
  const start = Math.min(low, wholeOrbit.last - 9);
  return { first: start, last: Math.max(high, start + 9) };
}
