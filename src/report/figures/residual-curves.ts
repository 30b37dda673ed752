import type { ResidualCurvesData } from "../figure-data.ts";
import { formatWithUncertainty } from "../format.ts";
import type { LegendEntry } from "../legend.ts";
import { lineMark, outline } from "../marks.ts";
import { drawPanel, type RenderOptions } from "../panel.ts";
import { finish } from "../svg.ts";
import { dashes, mutedColor, seriesColor } from "../theme.ts";
import { histogramX, histogramY } from "./step-histogram.ts";

/** Residuals before (dashed) and after (solid), with their rms and what lies outside the range. */
export function residualCurves(data: ResidualCurvesData, options: RenderOptions): SVGElement {
  const { document, width = 400, height = 310 } = options;
  const x = histogramX(data.x, data.series);
  const y = histogramY(data.y, data.series);
  const unit = data.x.unit ? ` ${data.x.unit}` : "";
  const legend = data.series.map((series, i): LegendEntry => {
    const outside = series.outside ? `, ${percent(series.outside)} outside` : "";
    // No break within: a long name moves the whole number to the next row.
    const rms = `rms ${formatWithUncertainty(series.rms)}${unit}`.replaceAll(" ", "\u00a0");
    return { name: `${series.name}: ${rms}${outside}`, ...look(i), sample: "line" };
  });
  const zero: (readonly [number, number])[] = [
    [0, y.domain[0]],
    [0, y.domain[1]],
  ];
  const marks = [
    x.domain[0] < 0 && x.domain[1] > 0 ? lineMark(zero, { color: mutedColor }, 0.8) : null,
    ...data.series.map((s, i) => lineMark(outline(s.edges, s.counts, { x, y }), look(i))),
  ];
  const panel = drawPanel({ document, width, height, x, y, marks, legend, tag: data.tag });
  return finish(panel.svg, {
    width,
    height: panel.height,
    label: `${data.title}. ${data.caption}`,
  });
}

/** The first series is the state before: muted and dashed; the second is the main one, solid. */
function look(i: number): { color: string; dash: string } {
  if (i === 0) return { color: seriesColor(1), dash: dashes[1] };
  return i === 1
    ? { color: seriesColor(0), dash: dashes[0] }
    : { color: seriesColor(i), dash: dashes[i % dashes.length] };
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(2)} %`;
}
