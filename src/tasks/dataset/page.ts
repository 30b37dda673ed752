import type { JetStatistics, MatchedHistograms } from "../../cms/index.ts";
import {
  type AxisData,
  type FigureData,
  heatmapCells,
  histogramSeries,
  outsideShare,
  type Page,
  type Section,
} from "../../report/index.ts";
import { type Histogram, summarize } from "../../stats/index.ts";
import type { Table5Line } from "./counts.ts";
import type { DatasetSummary } from "./run-dataset.ts";
import type { MatchStatistics } from "./statistics.ts";

interface PageInput {
  readonly summary: DatasetSummary;
  readonly statistics: MatchStatistics;
  readonly provenance: object;
}

const countText = (n: number) => n.toLocaleString("en-US");

/** The report of a matching: counts, Table 5, and Figures 6 and 7 of the report for jets. */
export function matchingPage({ summary, statistics, provenance }: PageInput): Page {
  const { object, events, matched, settings } = summary;
  return {
    title: `Matching of Level-1 and offline ${object}`,
    subtitle: `${countText(matched)} of ${countText(summary.offlineObjects)} offline ${object} of ${countText(events)} events have a Level-1 partner closer than ${settings.maxDeltaR}`,
    sections: [
      countsSection(summary),
      pairSection(summary, statistics),
      ...(statistics.jets ? jetSections(statistics.jets) : []),
    ],
    configuration: settings,
    provenance,
  };
}

function countsSection(summary: DatasetSummary): Section {
  const { object, files, table5 } = summary;
  const row = (name: string, c: DatasetSummary["files"][number] | DatasetSummary) =>
    [name, c.events, c.l1Objects, c.offlineObjects, c.matched, c.rows] as const;
  const line = (name: string, t: Table5Line) =>
    [name, t.matched, t.unmatched, t.fractionOfJets, t.fractionOfPt] as const;
  return {
    title: "Counts",
    tables: [
      {
        title: "Files",
        columns: ["", "Events", `L1 ${object}`, `Offline ${object}`, "Matched", "Rows"].map(
          (name) => ({ name }),
        ),
        rows: [...(files.length > 1 ? files.map((f) => row(f.file, f)) : []), row("All", summary)],
      },
      ...(table5
        ? [
            {
              title: "Matched offline jets",
              caption:
                "As the report's Table 5: each offline jet belongs to the nearest Level-1 jet, several may share one; the last column is the share of their summed p_{T}.",
              columns: ["", "Matched", "Unmatched", "Share of jets", "Share of p_{T}"].map(
                (name) => ({ name }),
              ),
              rows: [line("No cut", table5.all), line("|η| < 3", table5.central)],
            },
          ]
        : []),
    ],
  };
}

function pairSection({ object, matched }: DatasetSummary, statistics: MatchStatistics): Section {
  const pairs = { label: "Pairs per bin" };
  return {
    title: "Pairs",
    figures: [
      single(statistics.deltaR, {
        title: "Distance of the pairs",
        caption: "A peak far from the cut says that the cut loses few true pairs.",
        x: { label: "ΔR" },
        y: { ...pairs, log: true },
        n: matched,
      }),
      single(statistics.ratio, {
        title: `p_{T} ratio of the pairs`,
        caption: `Level-1 over offline p_{T} of each pair of ${object}${over(statistics.ratio)}.`,
        x: { label: "p_{T}^{L1} / p_{T}^{offline}" },
        y: pairs,
        n: matched,
      }),
    ],
  };
}

/** What a figure does not show. */
function over(h: Histogram): string {
  const share = outsideShare(h);
  return share > 0 ? `; ${(100 * share).toFixed(1)} % lie outside` : "";
}

interface SingleText {
  readonly title: string;
  readonly caption: string;
  readonly x: AxisData;
  readonly y: AxisData;
  readonly n: number;
}

function single(h: Histogram, text: SingleText): FigureData {
  return { kind: "stepHistogram", ...text, series: [histogramSeries("All", h)] };
}

function jetSections(jets: JetStatistics): Section[] {
  return [
    {
      title: "Matched and unmatched jets",
      figures: [
        both(jets.phi, { label: "Offline φ", unit: "rad" }),
        both(jets.eta, { label: "Offline η" }),
        both(jets.pt, { label: "Offline p_{T}", unit: "GeV" }, { log: true }),
      ],
    },
    { title: "Matched p_{T}", figures: matchedPtFigures(jets) },
  ];
}

/** A panel of Figure 6. */
function both(
  { matched, unmatched }: MatchedHistograms,
  x: AxisData,
  y: { readonly log?: true } = {},
): FigureData {
  return {
    kind: "stepHistogram",
    title: `${x.label} of matched and unmatched jets`,
    caption: `As the report's Figure 6${over(matched)}.`,
    x,
    y: { label: "Offline jets per bin", ...y },
    series: [
      histogramSeries("Matched", matched),
      histogramSeries("Unmatched", unmatched, { style: "points" }),
    ],
  };
}

/** Figure 7: matched pt against L1, multiplicity, residual. */
function matchedPtFigures(jets: JetStatistics): FigureData[] {
  const { rms } = summarize(jets.residualMoments);
  const residual = histogramSeries("L1", jets.residual, { errors: false });
  const n = jets.matchedLevel1Jets;
  const pt = (label: string) => ({ label, unit: "GeV" });
  return [
    {
      kind: "stepHistogram",
      title: "Matched p_{T} and L1 p_{T}",
      caption: "The p_{T} of a Level-1 jet and the summed p_{T} of its offline jets.",
      x: pt("p_{T}"),
      y: { label: "L1 jets per bin", log: true },
      series: [
        histogramSeries("Matched offline sum", jets.matchedPt, { style: "fill", errors: false }),
        histogramSeries("L1", jets.level1Pt),
      ],
      lower: "ratio",
      n,
    },
    {
      kind: "heatmap2d",
      title: "Matched p_{T} versus L1 p_{T}",
      caption: "A perfect measurement lies on the dashed diagonal.",
      x: pt("L1 p_{T}"),
      y: pt("Matched offline p_{T}"),
      ...heatmapCells(jets.matchedPtVersusLevel1),
      colorLabel: "L1 jets per cell",
      diagonal: true,
      n,
    },
    {
      kind: "residualCurves",
      title: "Residual of the L1 p_{T}",
      caption: "Relative difference of Level-1 and summed offline p_{T}.",
      x: { label: "p_{T}^{L1} / p_{T}^{offline} - 1" },
      y: { label: "L1 jets per bin" },
      series: [{ ...residual, rms, outside: outsideShare(jets.residual) }],
      n,
    },
    single(jets.multiplicity, {
      title: "Offline jets per matched L1 jet",
      caption: "How many offline jets share one Level-1 jet.",
      x: { label: "Offline jets" },
      y: { label: "L1 jets", log: true },
      n,
    }),
  ];
}
