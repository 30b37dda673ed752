import { useRef } from "preact/hooks";
import { formatNumber } from "../../src/report/index.ts";
import {
  type CrossingRange,
  type FigureCard,
  type FigureGroup,
  figureCsv,
} from "../../src/tasks/scout/monitor/view.ts";
import { saveFile, saveSvg } from "./download.ts";
import { Drawing } from "./drawing.tsx";
import { ZoomArea, ZoomFields } from "./zoom.tsx";

/** Significance of what departs from the reference now, by name of the bins. */
export type Departures = ReadonlyMap<string, number>;

interface FiguresProps {
  readonly group: FigureGroup;
  /** Changes with what the reader has chosen. */
  readonly view: string;
  readonly departures: Departures;
  readonly crossings: CrossingRange;
  readonly onCrossings: (range: CrossingRange) => void;
}

/** The figures of one subject. */
export function Figures({ group, ...props }: FiguresProps) {
  const id = group.title.toLowerCase().replaceAll(/\W+/g, "-");
  const isOrbit = group.cards.some(isAlongOrbit);
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{group.title}</h2>
      {isOrbit && <ZoomFields range={props.crossings} onRange={props.onCrossings} />}
      <div class="figures">
        {group.cards.map((card) => (
          <FigureView key={card.id} card={card} {...props} />
        ))}
      </div>
    </section>
  );
}

const isAlongOrbit = (card: FigureCard) => card.isWide === true;

function FigureView({
  card,
  view,
  departures,
  crossings,
  onCrossings,
}: Omit<FiguresProps, "group"> & { readonly card: FigureCard }) {
  const element = useRef<HTMLElement>(null);
  const { id, figure } = card;
  const worst = Math.max(0, ...card.bins.map((name) => departures.get(name) ?? 0));
  return (
    <figure
      ref={element}
      id={id}
      class={`${card.isWide ? "wide" : ""} ${worst > 0 ? "alarm" : ""}`}
    >
      {isAlongOrbit(card) ? (
        <ZoomArea range={crossings} onRange={onCrossings}>
          <Drawing card={card} view={view} />
        </ZoomArea>
      ) : (
        <Drawing card={card} view={view} />
      )}
      <figcaption>
        {worst > 0 && (
          <span class="badge">
            <span aria-hidden="true">⚠</span> departs, Z = {worst.toFixed(1)}
          </span>
        )}{" "}
        <b>{figure.title}.</b> {figure.caption}{" "}
        {figure.n !== undefined && <span class="n">n = {formatNumber(figure.n)}.</span>}{" "}
        <button
          type="button"
          class="save"
          aria-label={`Save ${figure.title} as SVG`}
          onClick={() => {
            const svg = element.current?.querySelector(".drawing svg");
            if (svg) saveSvg(id, svg);
          }}
        >
          SVG
        </button>{" "}
        <button
          type="button"
          class="save"
          aria-label={`Save ${figure.title} as CSV`}
          onClick={() => saveFile(`${id}.csv`, "text/csv", figureCsv(figure))}
        >
          CSV
        </button>
      </figcaption>
    </figure>
  );
}
