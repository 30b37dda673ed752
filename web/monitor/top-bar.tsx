import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { formatDuration, formatNumber } from "../../src/report/index.ts";
import type { RunState, Snapshot } from "../../src/tasks/scout/monitor/view.ts";
import type { Live } from "./live.ts";

/** Told apart by shape as well as by color. */
const signs: Readonly<Record<RunState | "lost", { readonly sign: string; readonly word: string }>> =
  {
    waiting: { sign: "○", word: "waiting" },
    live: { sign: "●", word: "live" },
    stalled: { sign: "▲", word: "stalled" },
    finished: { sign: "■", word: "finished" },
    lost: { sign: "×", word: "no connection" },
  };

/** State of the run now, and its numbers as shown. */
export function TopBar({ live, shown }: { readonly live: Live; readonly shown: Snapshot | null }) {
  const run = live.snapshot?.run ?? null;
  const title = run === null ? "Scouting" : `Run ${run}`;
  const state = live.isConnected ? (live.status?.state ?? "waiting") : "lost";
  useEffect(() => {
    document.title = `${title}: ${signs[state].word}`;
  }, [title, state]);
  return (
    <header class="top">
      <h1>
        {title}
        <small>{live.hello?.folder}</small>
      </h1>
      <State live={live} state={state} />
      {shown && <Numbers shown={shown} />}
    </header>
  );
}

function State({ live, state }: { readonly live: Live; readonly state: keyof typeof signs }) {
  const age = useAge(live);
  const { sign, word } = signs[state];
  const isWaited = state === "live" || state === "stalled";
  return (
    <p class={`state ${state}`}>
      <span aria-hidden="true">{sign}</span> <strong>{word}</strong>
      {isWaited && <span class="since">, last snapshot {Math.floor(age)} s ago</span>}
    </p>
  );
}

/** Seconds since the last snapshot, counted on between the messages. */
function useAge({ status, statusAt }: Live): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const waited = Math.max(0, now - statusAt) / 1000;
  return (status?.ageSeconds ?? 0) + waited;
}

function Numbers({ shown }: { readonly shown: Snapshot }) {
  const dropped = Object.entries(shown.dropped).filter(([, n]) => n > 0);
  const lost = dropped.reduce((sum, [, n]) => sum + n, 0);
  const reasons = dropped.map(([reason, n]) => `${formatNumber(n)} ${reason}`).join(", ");
  return (
    <dl class="numbers">
      <Fact name="Real time" note="1× is 11 245.5 orbits/s">
        {shown.realTimeFactor.toPrecision(3)}×
      </Fact>
      <Fact name="Orbits">{formatNumber(shown.orbits)}</Fact>
      <Fact name="Lag">{formatDuration(1000 * shown.lagSeconds)}</Fact>
      <Fact name="Dropped orbits" note={reasons} isBad={lost > 0}>
        {formatNumber(lost)}
      </Fact>
      <Fact name="Crossings kept">{formatNumber(shown.kept)}</Fact>
      <Fact name="Workers">{formatNumber(shown.workers)}</Fact>
    </dl>
  );
}

function Fact({
  name,
  note = "",
  isBad = false,
  children,
}: {
  readonly name: string;
  readonly note?: string;
  readonly isBad?: boolean;
  readonly children: ComponentChildren;
}) {
  return (
    <div class={isBad ? "bad" : ""}>
      <dt>{name}</dt>
      <dd>
        <strong>{children}</strong>
        {note && <small>{note}</small>}
      </dd>
    </div>
  );
}
