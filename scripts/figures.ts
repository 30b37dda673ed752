/** Renders every kind of figure with seeded, invented data: npx tsx scripts/figures.ts OUT.html */
import { writeFileSync } from "node:fs";
import { createRng } from "../src/base/rng.ts";
import {
  efficiencySeries,
  type FigureData,
  heatmapCells,
  histogramSeries,
  loadDocument,
  outsideShare,
  type Page,
  profileSeries,
  renderPage,
} from "../src/report/index.ts";
import {
  createHistogram2d,
  fillHistogram2d,
  histogram,
  logBins,
  profile,
  rms,
  turnOn,
  uniformBins,
} from "../src/stats/index.ts";

const tag = "Simulation";
const phiUnit = { unit: "rad" };
const ptUnit = { unit: "GeV" };

/** n toy muons: offline pt and phi, the same as the Level-1 trigger and as a model sees them. */
function toyMuons(n: number) {
  const rng = createRng(40);
  const column = () => new Float64Array(n);
  const [pt, l1Pt, nnPt, phi, l1Phi, nnPhi, eta] = Array.from({ length: 7 }, column);
  for (let i = 0; i < n; i++) {
    pt[i] = Math.min(90, 3 * (1 - rng.uniform()) ** (-1 / 1.6));
    eta[i] = 4.8 * rng.uniform() - 2.4;
    phi[i] = 2 * Math.PI * rng.uniform();
    const bend = ((rng.uniform() < 0.5 ? 1 : -1) * 2.6) / pt[i];
    l1Pt[i] = Math.round(2.2 * pt[i] * Math.exp(0.22 * rng.normal())) / 2;
    nnPt[i] = pt[i] * Math.exp(0.15 * rng.normal());
    l1Phi[i] = phi[i] + bend + (0.12 / pt[i]) * rng.normal();
    nnPhi[i] = phi[i] + (0.5 / pt[i]) * rng.normal();
  }
  return { pt, l1Pt, nnPt, phi, l1Phi, nnPhi, eta };
}

const subtract = (a: Float64Array, b: Float64Array) => a.map((x, i) => x - b[i]);
const ratio = (a: Float64Array, b: Float64Array) => a.map((x, i) => x / b[i] - 1);

/** A page with every kind of figure; `n` toy muons. */
export function demoPage(n = 60_000): Page {
  const { pt, l1Pt, nnPt, phi, l1Phi, nnPhi, eta } = toyMuons(n);
  const [before, after] = [subtract(l1Phi, phi), subtract(nnPhi, phi)];
  const phiBins = uniformBins(80, -1, 1);
  const residual = (name: string, values: Float64Array) => {
    const h = histogram(phiBins, values);
    return {
      ...histogramSeries(name, h, { errors: false }),
      rms: rms(values),
      outside: outsideShare(h),
    };
  };
  const spectrum = (values: Float64Array) => histogram(uniformBins(40, 0, 60), values);
  const heat = (xs: Float64Array, ys: Float64Array, high: number) =>
    heatmapCells(
      fillHistogram2d(createHistogram2d(uniformBins(60, 0, high), uniformBins(60, 0, high)), {
        xs,
        ys,
      }),
    );
  const resolution = (name: string, values: Float64Array) =>
    profileSeries(name, profile(logBins(12, 3, 80), pt, values), { quantity: "halfWidth" });
  const biasOf = (name: string, values: Float64Array) =>
    profileSeries(name, profile(uniformBins(24, -2.4, 2.4), eta, values), { quantity: "mean" });
  const efficiency = (decision: Float64Array, threshold: number) =>
    efficiencySeries(turnOn(uniformBins(40, 0, 40), { reference: pt, decision, threshold }));
  const losses = Array.from({ length: 60 }, (_, i) => Math.exp(-i / 9));
  const ptAxis = { label: "Offline p_{T}", ...ptUnit };
  const figures: FigureData[] = [
    {
      kind: "residualCurves",
      title: "Azimuthal residuals",
      caption: "The two bands of opposite charge (GMT) become one peak at zero.",
      n,
      tag,
      x: { label: "Δφ", ...phiUnit },
      y: { label: "Muons / 0.025 rad" },
      series: [residual("GMT", before), residual("NN 128×4", after)],
    },
    {
      kind: "stepHistogram",
      title: "Spectrum of transverse momentum",
      caption: "The model follows the offline spectrum, where Level-1 reads high.",
      n,
      tag,
      x: ptAxis,
      y: { label: "Muons / 1.5 GeV", log: true },
      series: [
        histogramSeries("Offline", spectrum(pt), { style: "fill" }),
        histogramSeries("GMT", spectrum(l1Pt)),
        histogramSeries("NN 128×4", spectrum(nnPt), { style: "points" }),
      ],
      lower: "ratio",
    },
    {
      kind: "stepHistogram",
      title: "Two halves of the sample",
      caption: "Pulls of one half against the other scatter around zero with width one.",
      n,
      tag,
      x: { label: "φ", ...phiUnit },
      y: { label: "Muons / 0.21 rad" },
      series: [0, 1].map((half) =>
        histogramSeries(
          half ? "Odd rows" : "Even rows",
          histogram(
            uniformBins(30, 0, 2 * Math.PI),
            phi.filter((_, i) => i % 2 === half),
          ),
          { style: half ? "points" : "line" },
        ),
      ),
      lower: "pull",
    },
    {
      kind: "heatmap2d",
      title: "Level-1 against offline p_{T}",
      caption: "Most muons lie above the diagonal: Level-1 overestimates by design.",
      n,
      tag,
      x: ptAxis,
      y: { label: "GMT p_{T}", ...ptUnit },
      ...heat(pt, l1Pt, 45),
      colorLabel: "Muons per cell",
      diagonal: true,
    },
    {
      kind: "heatmap2d",
      title: "Level-1 against offline φ",
      caption: "Opposite charges bend to opposite sides of the diagonal.",
      n,
      tag,
      x: { label: "Offline φ", ...phiUnit },
      y: { label: "GMT φ", ...phiUnit },
      ...heat(phi, l1Phi, 2 * Math.PI),
      colorLabel: "Muons per cell",
      diagonal: true,
    },
    {
      kind: "profilePlot",
      title: "Resolution in p_{T}",
      caption:
        "Half of the central 68 % of the relative residuals; the floor is the best possible.",
      n,
      tag,
      x: { ...ptAxis, log: true },
      y: { label: "Resolution of p_{T} / p_{T}^{reco}" },
      series: [resolution("GMT", ratio(l1Pt, pt)), resolution("NN 128×4", ratio(nnPt, pt))],
      floor: {
        name: "Bayes floor",
        values: Array.from({ length: 12 }, (_, i) => 0.135 + 0.0004 * i),
      },
    },
    {
      kind: "profilePlot",
      title: "Bias in φ against η",
      caption: "Means per bin agree with zero for both, as the charges cancel.",
      n,
      tag,
      x: { label: "Offline η" },
      y: { label: "Mean of Δφ", ...phiUnit },
      series: [biasOf("GMT", before), biasOf("NN 128×4", after)],
      zeroLine: true,
    },
    {
      kind: "turnOn",
      title: "Trigger efficiency",
      caption: "After recalibration the turn-ons are steeper at the same nominal thresholds.",
      n,
      tag,
      x: { ...ptAxis, domain: [0, 40] },
      y: { label: "Efficiency" },
      beforeName: "GMT",
      afterName: "NN 128×4",
      thresholds: [5, 10, 20, 22].map((threshold) => ({
        threshold,
        before: efficiency(l1Pt, threshold),
        after: efficiency(nnPt, threshold),
      })),
    },
    {
      kind: "learningCurves",
      title: "Learning curves",
      caption: "The validation loss turns up after the marked epoch, whose weights are kept.",
      y: { label: "Loss (log cosh)", log: true },
      train: losses.map((l) => 0.052 + 0.2 * l),
      validation: losses.map((l, i) => 0.056 + 0.2 * l + 2e-6 * Math.max(0, i - 20) ** 2),
      bestEpoch: 40,
      floor: { name: "Floor", value: 0.05 },
    },
    {
      kind: "curves",
      title: "Falkon: number of centers",
      caption: "Beyond 300 centers nothing is gained.",
      n,
      x: { label: "Nyström centers M", log: true },
      y: { label: "rms of Δφ", ...phiUnit },
      series: [
        {
          name: "Gaussian",
          x: [10, 30, 100, 300, 1000],
          y: [0.21, 0.158, 0.1372, 0.1361, 0.136],
          errors: [0.004, 0.003, 0.002, 0.001, 0.001],
        },
        {
          name: "Linear",
          x: [10, 30, 100, 300, 1000],
          y: [0.188, 0.175, 0.173, 0.173, 0.173],
          errors: [0.004, 0.003, 0.002, 0.001, 0.001],
        },
      ],
      levels: [{ name: "Bayes floor", value: 0.131 }],
    },
    {
      kind: "curves",
      title: "Accuracy against cost",
      caption: "Small networks cost a twentieth of large ones and lose little.",
      n,
      x: { label: "Operations per inference", log: true },
      y: { label: "rms of p_{T} / p_{T}^{reco}" },
      series: [
        {
          name: "Models",
          connect: false,
          x: [66_432, 3296, 2000, 300],
          y: [0.259, 0.274, 0.27, 0.304],
          errors: [0.001, 0.001, 0.001, 0.002],
          labels: ["NN 128×4", "NN 32×3", "Falkon M=500", "Falkon M=100"],
        },
      ],
    },
    {
      kind: "bars",
      title: "Resources by layer",
      caption: "The middle layers take most.",
      x: { label: "LUT" },
      categories: ["input scaling", "dense 1", "dense 2", "dense 3", "output"],
      series: [
        { name: "adders", values: [120, 1480, 3900, 3650, 610] },
        { name: "rounding and ReLU", values: [40, 220, 230, 225, 0] },
      ],
    },
    {
      kind: "ranges",
      title: "Activations against their formats",
      caption: "A box outside of the shading is cut off.",
      x: { label: "magnitude", log: true },
      rangeName: "what the format holds",
      boxName: "quartiles and extremes",
      rows: [
        { label: "dense 1", box: [0.004, 0.2, 0.6, 1.1, 3.9], range: [0.0625, 3.94] },
        { label: "dense 2", box: [0.001, 0.1, 0.4, 0.9, 9.1], range: [0.0625, 3.94] },
        { label: "output", box: [0.01, 2, 20, 90, 480], range: null },
      ],
    },
  ];
  return {
    title: "Recalibration of Level-1 muons",
    subtitle: `Every kind of figure, from ${n} invented muons (seed 40)`,
    verdict: {
      status: "good",
      text: "The network removes the bending of muons in the field: the rms of Δφ falls by a factor of four.",
      headlines: [
        { label: "rms of Δφ", value: rms(after), unit: "rad", note: "GMT 0.499, floor 0.131" },
        { label: "rms of Δη", value: { value: 0.0301, uncertainty: 0.0001 }, note: "GMT 0.032" },
        {
          label: "rms of p_{T} / p_{T}^{reco}",
          value: { value: 0.2593, uncertainty: 0.0011 },
          note: "GMT 0.493",
        },
        { label: "Test muons", value: n },
      ],
    },
    sections: [
      {
        title: "Numbers",
        tables: [
          {
            title: "Root mean square errors on the test sample",
            caption: "Uncertainties are statistical.",
            columns: [
              { name: "Model" },
              { name: "φ", unit: "rad", best: "min" },
              { name: "p_{T} / p_{T}^{reco}", best: "min" },
              { name: "Operations", best: "min" },
            ],
            rows: [
              ["GMT", rms(before), { value: 0.493, uncertainty: 0.012 }, null],
              [
                "NN 128×4",
                { value: 0.1362, uncertainty: 0.0011 },
                { value: 0.2593, uncertainty: 0.0011 },
                66_432,
              ],
              [
                "NN 32×3",
                { value: 0.1368, uncertainty: 0.0011 },
                { value: 0.2741, uncertainty: 0.0012 },
                3296,
              ],
              [
                "Falkon, linear kernel, M=100",
                { value: 0.173, uncertainty: 0.0013 },
                { value: 0.288, uncertainty: 0.02 },
                300,
              ],
            ],
            reference: [0],
          },
        ],
      },
      {
        title: "Figures",
        text: ["All figures show invented data; they exist to be looked at."],
        figures,
        notes: ["Error bars are statistical: √Σw² for counts, Clopper-Pearson for efficiencies."],
      },
    ],
    configuration: { model: { hidden: [128, 128, 128, 128], loss: "logcosh" }, seed: 40 },
    provenance: { generator: "scripts/figures.ts", rows: n },
  };
}

if (process.argv[1]?.endsWith("figures.ts")) {
  const [out = "figures.html"] = process.argv.slice(2);
  writeFileSync(out, renderPage(demoPage(), { document: await loadDocument() }));
}
