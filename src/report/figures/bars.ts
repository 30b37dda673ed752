import * as Plot from "@observablehq/plot";
import type { BarsData } from "../figure-data.ts";
import type { LegendEntry } from "../legend.ts";
import { drawPanel, type RenderOptions } from "../panel.ts";
import { finish } from "../svg.ts";
import { seriesColor } from "../theme.ts";

/** Height of a category in pixels, its gap included. */
export const rowHeight = 26;

/** Stacked horizontal bars by category. */
export function bars(data: BarsData, options: RenderOptions): SVGElement {
  const { document, width = 400 } = options;
  const { categories, series } = data;
  const height = options.height ?? 70 + rowHeight * categories.length;
  const totals = categories.map((_, k) => series.reduce((sum, s) => sum + s.values[k], 0));
  const x = {
    ...data.x,
    domain: data.x.domain ?? ([0, 1.05 * (Math.max(...totals) || 1)] as const),
  };
  const y = { label: "", domain: [-categories.length, 0] as const };
  const before = categories.map(() => 0);
  const marks = series.flatMap(({ values }, i) =>
    values.map((value, k) => {
      const from = before[k];
      before[k] += value;
      return Plot.rect([0], {
        x1: [from],
        x2: [from + value],
        y1: [-(k + 0.16)],
        y2: [-(k + 0.84)],
        fill: seriesColor(i),
      });
    }),
  );
  const legend = series.map(
    ({ name }, i): LegendEntry => ({ name, color: seriesColor(i), sample: "fill" }),
  );
  const { tag } = data;
  const panel = drawPanel({ document, width, height, x, y, marks, legend, tag, categories });
  return finish(panel.svg, {
    width,
    height: panel.height,
    label: `${data.title}. ${data.caption}`,
  });
}
