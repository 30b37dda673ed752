import { useState } from "preact/hooks";
import { formatNumber } from "../../src/report/index.ts";

/** Luminosity sections, both ends included. */
export interface Lumis {
  readonly first: number;
  readonly last: number;
}

/** What the reader has chosen. */
export interface View {
  readonly isPaused: boolean;
  /** Null for all. */
  readonly lumis: Lumis | null;
  readonly isCompared: boolean;
  readonly isLog: boolean;
}

interface ControlsProps {
  readonly view: View;
  readonly onView: (change: Partial<View>) => void;
  /** Sections that the run has. */
  readonly known: Lumis | null;
  /** Name of the reference run. */
  readonly reference: string | null;
  /** What came since the pause. */
  readonly behind: { readonly seconds: number; readonly orbits: number } | null;
  readonly onSave: () => void;
  readonly onTheme: () => void;
}

/** Buttons over the figures. */
export function Controls({
  view,
  onView,
  known,
  reference,
  behind,
  onSave,
  onTheme,
}: ControlsProps) {
  return (
    <section class="controls" aria-label="View">
      <button
        type="button"
        aria-pressed={view.isPaused}
        onClick={() => onView({ isPaused: !view.isPaused })}
      >
        {view.isPaused ? "Resume" : "Pause"}
      </button>
      <LumiPicker known={known} chosen={view.lumis} onChoose={(lumis) => onView({ lumis })} />
      <Toggle isOn={view.isLog} onClick={() => onView({ isLog: !view.isLog })} text="Log scale" />
      <Toggle
        isOn={view.isCompared}
        onClick={() => onView({ isCompared: !view.isCompared })}
        text={reference === null ? "No reference" : `Compare with ${reference}`}
        isDisabled={reference === null}
      />
      <button type="button" onClick={onSave}>
        Save JSON
      </button>
      <button type="button" onClick={onTheme}>
        Light / dark
      </button>
      {behind && (
        <p class="behind">
          Paused, {formatNumber(Math.round(behind.seconds))} s and {formatNumber(behind.orbits)}{" "}
          orbits behind.
        </p>
      )}
    </section>
  );
}

function Toggle({
  isOn,
  onClick,
  text,
  isDisabled = false,
}: {
  readonly isOn: boolean;
  readonly onClick: () => void;
  readonly text: string;
  readonly isDisabled?: boolean;
}) {
  return (
    <button type="button" aria-pressed={isOn} onClick={onClick} disabled={isDisabled}>
      {text}
    </button>
  );
}

/** From section to section, or all; the sums are those of finished blocks. */
function LumiPicker({
  known,
  chosen,
  onChoose,
}: {
  readonly known: Lumis | null;
  readonly chosen: Lumis | null;
  readonly onChoose: (lumis: Lumis | null) => void;
}) {
  const [typed, setTyped] = useState<Partial<Lumis>>({});
  const shown = { ...(chosen ?? known ?? { first: 1, last: 1 }), ...typed };
  const field = (end: keyof Lumis, label: string) => (
    <input
      type="number"
      aria-label={label}
      min={known?.first ?? 1}
      max={known?.last ?? 1}
      required
      disabled={known === null}
      value={shown[end]}
      onInput={({ currentTarget }) => setTyped({ ...typed, [end]: currentTarget.valueAsNumber })}
    />
  );
  return (
    <form
      class="lumis"
      aria-label="Luminosity sections"
      onSubmit={(event) => {
        event.preventDefault();
        const [first, last] = [shown.first, shown.last].sort((a, b) => a - b);
        setTyped({});
        onChoose({ first, last });
      }}
    >
      <span>Lumi sections</span>
      {field("first", "First luminosity section")}
      <span>to</span>
      {field("last", "Last luminosity section")}
      <button type="submit" disabled={known === null} aria-pressed={chosen !== null}>
        Show
      </button>
      <button
        type="button"
        aria-pressed={chosen === null}
        onClick={() => {
          setTyped({});
          onChoose(null);
        }}
      >
        All
      </button>
    </form>
  );
}
