import type { ProfilePlotData, ProfileSeries } from "../figure-data.ts";
import type { LegendEntry } from "../legend.ts";
import { type ErrorPoint, levelMark, lineMark, outline, pointMarks } from "../marks.ts";
import { drawPanel, type RenderOptions, type ResolvedAxis } from "../panel.ts";
import { finish } from "../svg.ts";
import { symbolPath } from "../symbols.ts";
import { mutedColor, seriesColor } from "../theme.ts";

/** Resolution or bias per bin: before with open, after with full symbols, floor dashed. */
export function profilePlot(data: ProfilePlotData, options: RenderOptions): SVGElement {
  const { document, width = 400, height = 310 } = options;
  const edges = data.series.flatMap((s) => [s.edges[0], s.edges[s.edges.length - 1]]);
  const x = {
    ...data.x,
    domain: data.x.domain ?? ([Math.min(...edges), Math.max(...edges)] as const),
  };
  const y = valueAxis(data);
  const floor = data.floor;
  const marks = [
    data.zeroLine ? levelMark(0, { color: mutedColor }) : null,
    floor
      ? lineMark(outline(data.series[0].edges, floor.values, { x, y }).slice(1, -1), floorLook)
      : null,
    ...data.series.flatMap((s, i) => pointMarks(points(s), { x, y }, look(i))),
  ];
  const legend: LegendEntry[] = data.series.map((s, i) => ({
    name: s.name,
    sample: "symbol",
    symbol: symbolPath(look(i).symbol, 3),
    color: look(i).color,
    open: look(i).open,
  }));
  if (floor) legend.push({ name: floor.name, sample: "line", ...floorLook });
  const panel = drawPanel({ document, width, height, x, y, marks, legend, tag: data.tag });
  return finish(panel.svg, {
    width,
    height: panel.height,
    label: `${data.title}. ${data.caption}`,
  });
}

const floorLook = { color: mutedColor, dash: "6 3" };

function look(i: number): { color: string; symbol: number; open: boolean } {
  const color = seriesColor(i === 0 ? 1 : i === 1 ? 0 : i);
  return { color, symbol: i === 0 ? 1 : i === 1 ? 0 : i, open: i === 0 };
}

function points({ edges, values, errors, centers }: ProfileSeries): ErrorPoint[] {
  return values.map((value, i) => {
    const y = value ?? Number.NaN;
    const e = errors[i] ?? 0;
    const x = centers?.[i] ?? (edges[i] + edges[i + 1]) / 2;
    return { x, y, low: y - e, high: y + e, from: edges[i], to: edges[i + 1] };
  });
}

/** Resolutions start at 0, so that an improvement looks as large as it is. */
function valueAxis({ y, series, floor, zeroLine }: ProfilePlotData): ResolvedAxis {
  if (y.domain) return { ...y, domain: y.domain };
  const known = (v: number | null | undefined): v is number =>
    typeof v === "number" && Number.isFinite(v);
  const ends = series.flatMap((s) =>
    s.values.flatMap((v, i) => (known(v) ? [v - (s.errors[i] ?? 0), v + (s.errors[i] ?? 0)] : [])),
  );
  const all = [...ends, ...(floor?.values ?? [])].filter(known);
  const high = Math.max(...all, 0) || 1;
  if (!zeroLine && !y.log) return { ...y, domain: [0, high * 1.1] };
  if (y.log) return { ...y, domain: [Math.min(...all.filter((v) => v > 0)) / 1.5, high * 1.5] };
  const low = Math.min(...all, 0);
  const room = 0.1 * (high - low);
  return { ...y, domain: [low - room, high + room] };
}
