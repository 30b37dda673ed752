export type {
  AxisData,
  BarsData,
  CurvesData,
  EfficiencySeries,
  FigureData,
  Heatmap2dData,
  HistogramSeries,
  LearningCurvesData,
  ProfilePlotData,
  ProfileSeries,
  RangesData,
  ResidualCurvesData,
  StepHistogramData,
  TurnOnData,
} from "./figure-data.ts";
export {
  formatCount,
  formatDuration,
  formatMeasured,
  formatNumber,
  formatWithUncertainty,
} from "./format.ts";
export {
  efficiencySeries,
  heatmapCells,
  histogramSeries,
  outsideShare,
  profileSeries,
} from "./from-stats.ts";
export { type Headline, type Page, renderPage, type Section, type Verdict } from "./page.ts";
export type { RenderOptions } from "./panel.ts";
export { renderFigure } from "./render-figure.ts";
export { plainText } from "./rich-text.ts";
export { loadDocument, serializeFigure } from "./svg.ts";
export type { Cell, TableColumn, TableData } from "./table.ts";
