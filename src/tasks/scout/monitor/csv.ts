import type { FigureData } from "../../../report/index.ts";

/** The numbers of a figure as comma-separated values with a line of names. */
export function figureCsv(figure: FigureData): string {
  return `${rowsOf(figure)
    .map((row) => row.map(field).join(","))
    .join("\n")}\n`;
}

type Row = readonly (string | number | null | undefined)[];

function rowsOf(figure: FigureData): Row[] {
  switch (figure.kind) {
    case "stepHistogram": {
      const { series } = figure;
      const { edges } = series[0];
      const names = series.flatMap(({ name, errors }) =>
        errors ? [name, `${name} error`] : [name],
      );
      const bins = edges
        .slice(1)
        .map((high, i) => [
          ...[edges[i], high],
          ...series.flatMap(({ counts, errors }) =>
            errors ? [counts[i], errors[i]] : [counts[i]],
          ),
        ]);
      return [["low", "high", ...names], ...bins];
    }
    case "heatmap2d": {
      const { xEdges, yEdges, counts, colorLabel } = figure;
      const ny = yEdges.length - 1;
      const cells = counts.map((n, k) => {
        const [i, j] = [Math.floor(k / ny), k % ny];
        return [xEdges[i], xEdges[i + 1], yEdges[j], yEdges[j + 1], n];
      });
      return [["x low", "x high", "y low", "y high", colorLabel], ...cells];
    }
    case "curves": {
      const points = figure.series.flatMap(({ name, x, y, errors }) =>
        x.map((at, i) => [name, at, y[i], errors?.[i]]),
      );
      return [["series", "x", "y", "error"], ...points];
    }
    case "turnOn": {
      const points = figure.thresholds.flatMap(({ threshold, ...sides }) =>
        (["before", "after"] as const).flatMap((side) =>
          sides[side].centers.map((center, i) => [
            ...[threshold, side === "before" ? figure.beforeName : figure.afterName, center],
            ...[sides[side].values[i], sides[side].low[i], sides[side].high[i]],
          ]),
        ),
      );
      return [["threshold", "series", "x", "efficiency", "low", "high"], ...points];
    }
    default:
      return [];
  }
}

/** Quoted where it must be; a number that is not known is empty. */
function field(value: Row[number]): string {
  const text = value === null || value === undefined || Number.isNaN(value) ? "" : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
