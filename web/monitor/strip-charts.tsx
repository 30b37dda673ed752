import { useEffect, useMemo, useRef } from "preact/hooks";
import uPlot from "uplot";
import { formatNumber } from "../../src/report/index.ts";
import { type HistoryPoint, type Strip, strips } from "../../src/tasks/scout/monitor/view.ts";
import type { Theme } from "./theme.ts";

const height = 150;
const dashes = [[], [7, 3], [2, 2], [9, 3, 2, 3], [12, 4], [4, 2]];

/** Rate, lag, drops and speed of stages over time. */
export function StripCharts({
  history,
  theme,
}: {
  readonly history: readonly HistoryPoint[];
  readonly theme: Theme;
}) {
  const charts = useMemo(() => strips(history), [history]);
  return (
    <section aria-labelledby="over-time">
      <h2 id="over-time">Over time</h2>
      <div class="strips">
        {charts.map((strip) => (
          // Another set of series, or of colors, is another chart.
          <StripChart key={`${strip.id} ${namesOf(strip)} ${theme}`} strip={strip} />
        ))}
      </div>
    </section>
  );
}

const namesOf = ({ series }: Strip) => series.map((s) => s.name).join(" ");

function StripChart({ strip }: { readonly strip: Strip }) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const isZoomed = useRef(false);
  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const plot = new uPlot(optionsOf(strip, element.clientWidth, isZoomed), dataOf(strip), element);
    chart.current = plot;
    const resize = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      plot.destroy();
    };
  }, []);
  useEffect(() => {
    const plot = chart.current as uPlot;
    plot.setData(dataOf(strip), !isZoomed.current);
    if (isZoomed.current) plot.redraw();
    showLast(plot);
  }, [strip]);
  const now = strip.series.map(({ name, values }) => `${name} ${textOf(values.at(-1))}`).join(", ");
  return (
    <figure class="strip" data-strip={strip.id}>
      <figcaption>
        <b>{strip.title}</b>
      </figcaption>
      <div ref={box} role="img" aria-label={`${strip.title} over time; now: ${now}`} />
    </figure>
  );
}

function dataOf({ seconds, series, level }: Strip): uPlot.AlignedData {
  const lines = series.map((s) => [...s.values]);
  if (level) lines.push(seconds.map(() => level.value));
  return [[...seconds], ...lines];
}

function optionsOf(
  { series, level, isLog }: Strip,
  width: number,
  isZoomed: { current: boolean },
): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: color("--soft"),
    font: "12px Helvetica, Arial, 'Liberation Sans', sans-serif",
    grid: {
      ...{ stroke: color("--line"), width: 1 },
      filter: (_, ticks) => ticks.map((v) => (!isLog || isPowerOfTen(v) ? v : null)),
    },
    ticks: { stroke: color("--line"), width: 1, size: 4 },
  };
  const value: uPlot.Series["value"] = (_, v) => textOf(v);
  return {
    ...{ width, height },
    cursor: { sync: { key: "strips" }, y: false },
    scales: {
      x: { time: false },
      y: isLog ? { distr: 3 } : { range: (_, _low, high) => [0, high > 0 ? 1.1 * high : 1] },
    },
    axes: [
      { ...axis, size: 30, values: (_, ticks) => ticks.map((s) => `${s} s`) },
      { ...axis, size: 56, values: (_, ticks) => ticks.map((v) => (v === null ? "" : short(v))) },
    ],
    series: [
      { label: "time", value: (_, s) => (s === null ? "" : `${s.toFixed(0)} s`) },
      ...series.map((s, i) => ({
        ...{ label: s.name, value, width: 1.8, points: { show: s.values.length < 3 } },
        spanGaps: isLog, // stages: no block was done in between
        stroke: color(`--forty-${(i % 6) + 1}`),
        dash: dashes[i % dashes.length],
      })),
      ...(level
        ? [
            {
              ...{ label: level.name, value, width: 1.3, points: { show: false } },
              ...{ stroke: color("--forty-muted"), dash: [3, 3] },
            },
          ]
        : []),
    ],
    hooks: {
      setCursor: [showLast],
      setSelect: [
        ({ select }) => {
          isZoomed.current ||= select.width > 0;
        },
      ],
      ready: [
        ({ over }) => {
          over.addEventListener("dblclick", () => {
            isZoomed.current = false;
          });
        },
      ],
    },
  };
}

const isPowerOfTen = (v: number) => v > 0 && Math.log10(v) % 1 === 0;

/** The legend tells the newest values that there are while no cursor points at others. */
function showLast(plot: uPlot): void {
  if (typeof plot.cursor.idx === "number") return;
  const idxs = plot.data.map((values) => Array.from(values).findLastIndex((v) => v !== null));
  plot.setLegend({ idx: idxs[0], idxs });
}

function textOf(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : formatNumber(Number(value.toPrecision(4)));
}

/** An axis label of at most five characters. */
function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
}
