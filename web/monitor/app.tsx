import { useMemo, useState } from "preact/hooks";
import { formatNumber } from "../../src/report/index.ts";
import {
  alarmRows,
  departures,
  figureGroups,
  type Snapshot,
  wholeOrbit,
} from "../../src/tasks/scout/monitor/view.ts";
import { Alarms } from "./alarms.tsx";
import { Controls, type Lumis, type View } from "./controls.tsx";
import { saveFile } from "./download.ts";
import { useFetched } from "./fetched.ts";
import { Figures } from "./figure-view.tsx";
import { type Live, useLive } from "./live.ts";
import { Rates } from "./rates.tsx";
import { StripCharts } from "./strip-charts.tsx";
import { useTheme } from "./theme.ts";
import { TopBar } from "./top-bar.tsx";

/** How often sections that have passed are looked at again. */
const lateSeconds = 10;

const start: View = { isPaused: false, lumis: null, isCompared: false, isLog: true };

/** The whole page. */
export function App() {
  const live = useLive();
  const { theme, toggle } = useTheme();
  const [view, setView] = useState(start);
  const [frozen, setFrozen] = useState<Live | null>(null);
  const [crossings, setCrossings] = useState(wholeOrbit);
  const display = frozen ?? live;
  const { lumis } = view;
  const part = useFetched(
    lumis && `./snapshot?lumis=${lumis.first}-${lumis.last}`,
    versionOf(display.snapshot, lumis),
  );
  const name = live.hello?.reference ?? null;
  const reference = useFetched(name && "./reference", name).snapshot;
  const shown = lumis ? part.snapshot : display.snapshot;
  const behindIt = view.isCompared ? reference : null;
  const groups = useMemo(
    () => (shown ? figureGroups(shown, { reference: behindIt, isLog: view.isLog, crossings }) : []),
    [shown, behindIt, view.isLog, crossings],
  );
  const level = live.hello?.alarm ?? 0;
  const departing = useMemo(
    () => (shown && reference ? departures(shown, reference, level) : []),
    [shown, reference, level],
  );
  const rows = alarmRows(display.alarms, display.history.at(-1)?.seconds ?? 0, departing);
  const badges = new Map<string, number>();
  for (const { alarm, isActive } of rows)
    if (isActive && !badges.has(alarm.name)) badges.set(alarm.name, alarm.significance);
  const figures = new Map(
    groups.flatMap(({ cards }) =>
      cards.flatMap(({ id, bins }) => bins.map((bin) => [bin, id] as const)),
    ),
  );

  function change(changes: Partial<View>): void {
    const next = { ...view, ...changes };
    if (next.isPaused !== view.isPaused) setFrozen(next.isPaused ? live : null);
    setView(next);
  }

  /** What is on screen, as data. */
  function save(): void {
    const content = {
      ...{ folder: live.hello?.folder, reference: name, view: { ...view, crossings } },
      ...{ snapshot: shown, departures: departing, alarms: display.alarms },
      history: display.history,
    };
    saveFile("forty-scout.json", "application/json", `${JSON.stringify(content)}\n`);
  }

  return (
    <>
      <TopBar live={live} shown={display.snapshot} />
      <main>
        {live.hello?.note && <p class="note">{live.hello.note}</p>}
        <Controls
          view={view}
          onView={change}
          known={display.snapshot?.lumis ?? null}
          reference={name}
          behind={frozen && behindOf(live.snapshot, frozen.snapshot)}
          onSave={save}
          onTheme={toggle}
        />
        {display.snapshot === null && <Waiting live={live} />}
        {part.error && <p class="error">{part.error}</p>}
        {lumis && part.snapshot?.lumis && (
          <p class="notice">
            Figures and rates hold the finished blocks of luminosity sections{" "}
            {part.snapshot.lumis.first} to {part.snapshot.lumis.last}:{" "}
            {formatNumber(part.snapshot.orbits)} orbits.
          </p>
        )}
        {display.snapshot && (
          <>
            <StripCharts history={display.history} theme={theme} />
            <Alarms rows={rows} reference={name} figures={figures} />
          </>
        )}
        {groups.map((group) => (
          <Figures
            key={group.title}
            group={group}
            view={`${JSON.stringify([view, crossings])}${reference === null}`}
            departures={badges}
            crossings={crossings}
            onCrossings={setCrossings}
          />
        ))}
        {shown && <Rates snapshot={shown} reference={behindIt} />}
      </main>
    </>
  );
}

/** Changes when the sums of these sections may have: past ones grow by late blocks only. */
function versionOf(snapshot: Snapshot | null, lumis: Lumis | null): number {
  const isPast = lumis && snapshot?.lumis && lumis.last < snapshot.lumis.last;
  return isPast ? Math.floor(snapshot.seconds / lateSeconds) : (snapshot?.orbits ?? 0);
}

function behindOf(now: Snapshot | null, frozen: Snapshot | null) {
  return {
    seconds: (now?.seconds ?? 0) - (frozen?.seconds ?? 0),
    orbits: (now?.orbits ?? 0) - (frozen?.orbits ?? 0),
  };
}

function Waiting({ live }: { readonly live: Live }) {
  const folder = live.hello?.folder;
  return (
    <p class="notice" role="status">
      {folder
        ? `Waiting for the first snapshot in ${folder}: 'forty scout run ... -o ${folder}' writes one a second.`
        : "Waiting for the server."}
    </p>
  );
}
