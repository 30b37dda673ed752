import { formatMeasured, formatNumber, formatWithUncertainty } from "../../src/report/index.ts";
import { type RateRow, rateTables, type Snapshot } from "../../src/tasks/scout/monitor/view.ts";
import { ScrollArea } from "./scroll-area.tsx";

/** Rows of a menu that are shown before all are asked for. */
const firstRows = 15;

/** How often selections and algorithms passed. */
export function Rates({
  snapshot,
  reference,
}: {
  readonly snapshot: Snapshot;
  readonly reference: Snapshot | null;
}) {
  const tables = rateTables(snapshot, reference);
  if (tables.length === 0) return null;
  return (
    <section aria-labelledby="rates">
      <h2 id="rates">Rates</h2>
      <div class="rates">
        {tables.map(({ title, rows }) => (
          <div key={title}>
            <RateTable
              title={title}
              rows={rows.slice(0, firstRows)}
              hasRatio={reference !== null}
            />
            {rows.length > firstRows && (
              <details>
                <summary>{rows.length - firstRows} more</summary>
                <RateTable
                  title={`${title}, continued`}
                  rows={rows.slice(firstRows)}
                  hasRatio={reference !== null}
                />
              </details>
            )}
          </div>
        ))}
      </div>
    </section>
  );
}

function RateTable({
  title,
  rows,
  hasRatio,
}: {
  readonly title: string;
  readonly rows: readonly RateRow[];
  readonly hasRatio: boolean;
}) {
  return (
    <ScrollArea label={title}>
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col" class="number">
              Crossings
            </th>
            <th scope="col" class="number">
              Rate <small>[kHz]</small>
            </th>
            {hasRatio && (
              <th scope="col" class="number">
                Over reference
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, count, rateHz, errorHz, ratio }) => {
            const rate = formatMeasured({ value: rateHz / 1e3, uncertainty: errorHz / 1e3 });
            return (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class="number">{formatNumber(count)}</td>
                <td class="number">
                  {rate.value} <span class="pm">± {rate.uncertainty || "–"}</span>
                </td>
                {hasRatio && <td class="number">{ratio ? formatWithUncertainty(ratio) : "–"}</td>}
              </tr>
            );
          })}
        </tbody>
      </table>
    </ScrollArea>
  );
}
