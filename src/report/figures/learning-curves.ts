import * as Plot from "@observablehq/plot";
import type { LearningCurvesData } from "../figure-data.ts";
import type { LegendEntry } from "../legend.ts";
import { clampTo, levelMark, lineMark } from "../marks.ts";
import { drawPanel, type RenderOptions, type ResolvedAxis } from "../panel.ts";
import { finish } from "../svg.ts";
import { symbolPath } from "../symbols.ts";
import { mutedColor, seriesColor } from "../theme.ts";

/** Training (solid) and validation loss (dashed) per epoch, the best epoch marked. */
export function learningCurves(data: LearningCurvesData, options: RenderOptions): SVGElement {
  const { document, width = 400, height = 310 } = options;
  const { train, validation, bestEpoch, floor } = data;
  const epochs = Math.max(train.length, validation.length, 2);
  const x: ResolvedAxis = { label: "Epoch", domain: [1, epochs], integer: true };
  const y = lossAxis(data);
  const best = validation[bestEpoch - 1];
  const curve = (values: readonly number[]) =>
    values.map((v, i): readonly [number, number] => [i + 1, clampTo(y, v)]);
  const [trainLook, validationLook] = [
    { color: seriesColor(0) },
    { color: seriesColor(1), dash: "7 3" },
  ];
  const marks = [
    floor ? levelMark(floor.value, { color: mutedColor, dash: "2 2" }) : null,
    Plot.ruleX([bestEpoch], { stroke: mutedColor, strokeWidth: 0.8 }),
    lineMark(curve(train), trainLook),
    lineMark(curve(validation), validationLook),
    Plot.dot(Number.isFinite(best) ? [[bestEpoch, best]] : [], { r: 4, fill: seriesColor(1) }),
  ];
  const legend: LegendEntry[] = [
    { name: "Training", sample: "line", ...trainLook },
    { name: "Validation", sample: "line", ...validationLook },
    {
      name: `Best: epoch ${bestEpoch}`,
      sample: "symbol",
      symbol: symbolPath(0, 4),
      color: seriesColor(1),
    },
  ];
  if (floor) legend.push({ name: floor.name, sample: "line", color: mutedColor, dash: "2 2" });
  const panel = drawPanel({ document, width, height, x, y, marks, legend, tag: data.tag });
  return finish(panel.svg, {
    width,
    height: panel.height,
    label: `${data.title}. ${data.caption}`,
  });
}

/** Over both curves and the floor, with a little room. */
function lossAxis({ y, train, validation, floor }: LearningCurvesData): ResolvedAxis {
  if (y.domain) return { ...y, domain: y.domain };
  const all = [...train, ...validation, ...(floor ? [floor.value] : [])].filter(
    (v) => Number.isFinite(v) && (!y.log || v > 0),
  );
  const [low, high] = all.length > 0 ? [Math.min(...all), Math.max(...all)] : [0.1, 1];
  if (y.log) return { ...y, domain: [low / 1.15, high * 1.15] };
  const room = 0.06 * (high - low || Math.abs(high) || 1);
  return { ...y, domain: [low - room, high + room] };
}
