/**
 * Colors of series: Okabe and Ito (2008), darkened or lightened where they would not reach a
 * contrast of 3 against the page, and told apart by dash and symbol as well.
 * Figures refer to them as CSS variables with the light value as fallback, so one drawing serves
 * light and dark pages and stands alone as a file.
 */
export const seriesColors: readonly { readonly light: string; readonly dark: string }[] = [
  { light: "#0072b2", dark: "#56b4e9" },
  { light: "#d55e00", dark: "#ff8c42" },
  { light: "#00805d", dark: "#2fc7a0" },
  { light: "#a8457f", dark: "#e59bc6" },
  { light: "#7a21dd", dark: "#b794ff" },
  { light: "#7d6400", dark: "#e6c229" },
];

/** Stroke patterns beside the colors, solid first. */
export const dashes = ["none", "7 3", "2 2", "9 3 2 3", "12 4", "4 2"] as const;

/** Plot symbols beside the colors. */
export const symbols = ["circle", "square2", "triangle2", "diamond2", "star", "wye"] as const;

/** Color of series i as a CSS value. */
export function seriesColor(i: number): string {
  const k = i % seriesColors.length;
  return `var(--forty-${k + 1}, ${seriesColors[k].light})`;
}

/** Neutral gray of what is compared against: the state before, floors, levels. */
export const mutedColor = "var(--forty-muted, #5f6670)";

/** The page behind a figure; open symbols are filled with it. */
export const pageColor = "var(--forty-page, #ffffff)";

/** CSS declarations of the figure variables for a light or dark page. */
export function figureVariables(mode: "light" | "dark"): string {
  const series = seriesColors.map((c, i) => `--forty-${i + 1}:${c[mode]};`).join("");
  return mode === "light"
    ? `${series}--forty-muted:#5f6670;--forty-page:#ffffff;`
    : `${series}--forty-muted:#a3abb6;--forty-page:#14171c;`;
}

/** Viridis (van der Walt and Smith, 2015; public domain) at ten equal steps. */
const viridis = [
  0x440154, 0x482878, 0x3e4989, 0x31688e, 0x26828e, 0x1f9e89, 0x35b779, 0x6ece58, 0xb5de2b,
  0xfde725,
];

/** Color for t in [0, 1], linear between the steps of viridis. */
export function heatColor(t: number): string {
  const at = Math.min(1, Math.max(0, t)) * (viridis.length - 1);
  const i = Math.min(viridis.length - 2, Math.floor(at));
  const mixed = [16, 8, 0].map((shift) => {
    const [a, b] = [(viridis[i] >> shift) & 255, (viridis[i + 1] >> shift) & 255];
    return Math.round(a + (at - i) * (b - a));
  });
  return `#${mixed.map((c) => c.toString(16).padStart(2, "0")).join("")}`;
}
