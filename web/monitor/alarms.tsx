import type { AlarmRow } from "../../src/tasks/scout/monitor/view.ts";
import { ScrollArea } from "./scroll-area.tsx";

interface AlarmsProps {
  readonly rows: readonly AlarmRow[];
  readonly reference: string | null;
  /** Ids of the figures, by what they show. */
  readonly figures: ReadonlyMap<string, string>;
}

const tests = {
  ...{ chi2: "χ² of bins", kernel: "kernel", efficiency: "likelihood ratio" },
} as const;

/** Distributions that depart from the reference: in windows of the run, and on screen. */
export function Alarms({ rows, reference, figures }: AlarmsProps) {
  const active = new Set(rows.filter((row) => row.isActive).map((row) => row.alarm.name));
  return (
    <section aria-labelledby="alarms">
      <h2 id="alarms">Alarms</h2>
      <p class="spoken" aria-live="polite">
        {active.size > 0 ? `Alarm: ${[...active].join(", ")}` : ""}
      </p>
      {rows.length === 0 ? (
        <p>
          {reference === null
            ? "No reference to compare with."
            : `Nothing departs from ${reference}.`}
        </p>
      ) : (
        <ScrollArea label="Table of alarms">
          <table class="alarms">
            <thead>
              <tr>
                <th scope="col">Distribution</th>
                <th scope="col">Compared</th>
                <th scope="col">Test</th>
                <th scope="col" class="number">
                  Z
                </th>
                <th scope="col" class="number">
                  χ² / d.o.f.
                </th>
                <th scope="col" class="number">
                  p, corrected
                </th>
                <th scope="col">Seen</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <Row
                  key={`${row.alarm.name} ${row.compared}`}
                  row={row}
                  figure={figures.get(row.alarm.name)}
                />
              ))}
            </tbody>
          </table>
        </ScrollArea>
      )}
    </section>
  );
}

function Row({ row, figure }: { readonly row: AlarmRow; readonly figure: string | undefined }) {
  const { name, kind, significance, chiSquared, degreesOfFreedom, p } = row.alarm;
  return (
    <tr class={row.isActive ? "alarm" : "past"}>
      <th scope="row">{figure ? <a href={`#${figure}`}>{name}</a> : name}</th>
      <td class="word">{row.compared}</td>
      <td class="word">{tests[kind]}</td>
      <td class="number">{significance.toFixed(1)}</td>
      <td class="number">
        {chiSquared.toFixed(0)} / {degreesOfFreedom}
      </td>
      <td class="number">{p > 0 ? p.toPrecision(2) : "< 1e-300"}</td>
      <td>{row.seen}</td>
    </tr>
  );
}
