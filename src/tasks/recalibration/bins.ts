import { muonScales } from "../../cms/index.ts";
import { type Binning, quantile, uniformBins } from "../../stats/index.ts";
import type { ObjectKind, Quantity, Variable } from "./quantities.ts";
import { quantityText, type Values } from "./quantities.ts";
import { capital } from "./words.ts";

/** Below this many values bins are four times as wide: most would be empty. */
const few = 1000;

/** Bins that hold equally many steps of the hardware scales, edges between the steps. */
export function valueBins(object: ObjectKind, q: Quantity, values: Float64Array): Binning {
  const { hwPhiL1, hwEtaL1 } = muonScales;
  const wide = values.length < few ? 4 : 1;
  if (q === "phi")
    return uniformBins(72 / wide, -hwPhiL1.width / 2, 2 * Math.PI - hwPhiL1.width / 2);
  if (q === "pt") return uniformBins(60 / wide, 0, object === "muons" ? 60 : ptEnd(values));
  const [low, high] = [quantile(values, 0), quantile(values, 1)];
  const step = wide * (high - low > 2 ? 8 * hwEtaL1.width : hwEtaL1.width);
  const from = Math.floor(low / step);
  const to = Math.ceil(high / step) + 1;
  return uniformBins(to - from, (from - 1 / 16) * step, (to - 1 / 16) * step);
}

/** Where the axis of a steeply falling spectrum ends: a multiple of 30 GeV above nearly all. */
const ptEnd = (values: Float64Array) => 30 * Math.ceil(quantile(values, 0.999) / 30);

/** Ascending edges without the bins that nearly no value reaches. */
export function trimmed(edges: readonly number[], values: Float64Array): number[] {
  const [low, high] = [quantile(values, 5e-4), quantile(values, 1 - 5e-4)];
  const kept = edges.filter(
    (_, i) => (edges[i + 1] ?? Number.POSITIVE_INFINITY) > low && (edges[i - 1] ?? 0) < high,
  );
  return kept.length > 1 ? kept : [...edges];
}

/** Bins of residuals; those of pt are relative. */
export function residualBins(object: ObjectKind, q: Quantity): Binning {
  if (q === "phi") return uniformBins(80, -1, 1);
  if (q === "eta") return uniformBins(80, -0.15, 0.15);
  return object === "muons" ? uniformBins(80, -1, 1.5) : uniformBins(80, -1, 3);
}

const ptEdges = [3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 22, 27, 33, 40, 50, 70];

/** The offline quantities as what resolution and bias are shown against. */
export function offlineVariables(
  object: ObjectKind,
  offline: Values,
  { quantities, reference }: { quantities: readonly Quantity[]; reference: string },
): Variable[] {
  return quantities.map((q) => {
    const { label, unit } = quantityText[q];
    const values = offline[q] as Float64Array;
    return {
      label: `${capital(reference)} ${label}`,
      unit,
      values,
      edges: edgesOf(object, q, values),
    };
  });
}

function edgesOf(object: ObjectKind, q: Quantity, values: Float64Array): readonly number[] {
  if (q === "pt") return ptEdges;
  if (q === "phi") return [...uniformBins(18, 0, 2 * Math.PI).edges];
  const { edges } = valueBins(object, "eta", values);
  return [...uniformBins(16, edges[0], edges[edges.length - 1]).edges];
}
