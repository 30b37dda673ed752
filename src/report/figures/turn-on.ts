import type { EfficiencySeries, TurnOnData } from "../figure-data.ts";
import type { LegendEntry } from "../legend.ts";
import { type ErrorPoint, levelMark, lineMark, pointMarks } from "../marks.ts";
import { drawPanel, type RenderOptions, type ResolvedAxis } from "../panel.ts";
import { finish } from "../svg.ts";
import { symbolPath } from "../symbols.ts";
import { dashes, mutedColor, seriesColor } from "../theme.ts";

/** Efficiency turn-ons: a color and symbol per threshold; before dashed and open, after solid. */
export function turnOn(data: TurnOnData, options: RenderOptions): SVGElement {
  const { document, width = 400, height = 330 } = options;
  const centers = data.thresholds.flatMap((t) => [...t.before.centers, ...t.after.centers]);
  const x = { ...data.x, domain: data.x.domain ?? ([0, Math.max(...centers)] as const) };
  const y: ResolvedAxis = { ...data.y, domain: data.y.domain ?? [0, 1.08] };
  const marks = data.thresholds.flatMap(({ before, after }, i) => {
    const color = seriesColor(i);
    return [
      lineMark(curve(before, x), { color, dash: "5 3" }, 1.2),
      lineMark(curve(after, x), { color }, 1.6),
      ...pointMarks(points(before), { x, y }, { color, symbol: i, open: true }, 2.2),
      ...pointMarks(points(after), { x, y }, { color, symbol: i }, 2.2),
    ];
  });
  const legend: LegendEntry[] = [
    { name: data.beforeName, sample: "line", color: mutedColor, dash: "5 3" },
    { name: data.afterName, sample: "line", color: mutedColor, dash: dashes[0] },
    ...data.thresholds.map(
      ({ threshold }, i): LegendEntry => ({
        name: `${threshold}\u00a0GeV`,
        sample: "symbol",
        symbol: symbolPath(i, 3),
        color: seriesColor(i),
        startsRow: i === 0,
      }),
    ),
  ];
  const panel = drawPanel({
    document,
    width,
    height,
    x,
    y,
    marks: [levelMark(1, { color: mutedColor, dash: "1 3" }), ...marks],
    legend,
    tag: data.tag,
  });
  return finish(panel.svg, {
    width,
    height: panel.height,
    label: `${data.title}. ${data.caption}`,
  });
}

function curve({ centers, values }: EfficiencySeries, { domain }: ResolvedAxis) {
  return centers
    .map((c, i): readonly [number, number] => [c, values[i] ?? Number.NaN])
    .filter(([c]) => c >= domain[0] && c <= domain[1]);
}

function points({ centers, values, low, high }: EfficiencySeries): ErrorPoint[] {
  return centers.map((x, i) => ({ x, y: values[i] ?? Number.NaN, low: low[i], high: high[i] }));
}
