import type { FigureData } from "./figure-data.ts";
import { bars } from "./figures/bars.ts";
import { curves } from "./figures/curves.ts";
import { heatmap2d } from "./figures/heatmap2d.ts";
import { learningCurves } from "./figures/learning-curves.ts";
import { profilePlot } from "./figures/profile-plot.ts";
import { ranges } from "./figures/ranges.ts";
import { residualCurves } from "./figures/residual-curves.ts";
import { stepHistogram } from "./figures/step-histogram.ts";
import { turnOn } from "./figures/turn-on.ts";
import type { RenderOptions } from "./panel.ts";

type Renderers = {
  [K in FigureData["kind"]]: (
    data: Extract<FigureData, { kind: K }>,
    options: RenderOptions,
  ) => SVGElement;
};

const renderers: Renderers = {
  stepHistogram,
  residualCurves,
  heatmap2d,
  profilePlot,
  turnOn,
  learningCurves,
  curves,
  bars,
  ranges,
};

/** Draws a figure of any kind; in a browser the element can be put into the page as it is. */
export function renderFigure(data: FigureData, options: RenderOptions): SVGElement {
  // A union of functions cannot be called with a union of arguments; the record is complete.
  const render = renderers[data.kind] as (data: FigureData, options: RenderOptions) => SVGElement;
  return render(data, options);
}
