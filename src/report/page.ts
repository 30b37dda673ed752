import type { Measured } from "../stats/index.ts";
import type { FigureData } from "./figure-data.ts";
import { formatNumber, formatWithUncertainty } from "./format.ts";
import { pageScript } from "./page-script.ts";
import { pageStyle } from "./page-style.ts";
import { renderFigure } from "./render-figure.ts";
import { escapeHtml, richHtml } from "./rich-text.ts";
import { serializeFigure } from "./svg.ts";
import { renderTable, type TableData } from "./table.ts";

/** One number that the reader should take home. */
export interface Headline {
  readonly label: string;
  readonly value: string | number | Measured;
  readonly unit?: string;
  /** What to compare it with, such as "GMT 0.499, floor 0.131". */
  readonly note?: string;
}

/** The answer first: a sentence, whether it is good news, and the numbers behind it. */
export interface Verdict {
  readonly text: string;
  readonly status: "good" | "neutral" | "bad";
  readonly headlines: readonly Headline[];
}

export interface Section {
  readonly title: string;
  /** Paragraphs, rich text. */
  readonly text?: readonly string[];
  readonly tables?: readonly TableData[];
  readonly figures?: readonly FigureData[];
  /** Remarks below the figures, as a list. */
  readonly notes?: readonly string[];
}

/** A report; all of it plain data, ready for JSON. */
export interface Page {
  readonly title: string;
  readonly subtitle?: string;
  readonly verdict?: Verdict;
  readonly sections: readonly Section[];
  /** Shown as folded JSON: everything needed to run it again. */
  readonly configuration?: unknown;
  /** Shown as folded JSON: inputs with fingerprints, seed, versions. */
  readonly provenance?: unknown;
}

/**
 * The report as one HTML file that needs no network: figures inline as SVG, tables, folded
 * configuration and provenance. Same page, same bytes.
 * @param options.document - draws the figures: the browser's, or one of `loadDocument()`.
 */
export function renderPage(page: Page, options: { readonly document: Document }): string {
  const count = { figure: 0, table: 0 };
  const sections = page.sections.map((section, i) =>
    renderSection(section, { id: `section-${i + 1}`, count, document: options.document }),
  );
  const links = page.sections.map(
    ({ title }, i) => `<a href="#section-${i + 1}">${richHtml(title)}</a>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(page.title)}</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<div><h1>${richHtml(page.title)}</h1>${page.subtitle ? `<p class="subtitle">${richHtml(page.subtitle)}</p>` : ""}</div>
<button type="button" id="theme" hidden>Light / dark</button>
</header>
<main>
${page.verdict ? renderVerdict(page.verdict) : ""}
${links.length > 1 ? `<nav aria-label="Sections">${links.join("")}</nav>` : ""}
${sections.join("\n")}
${folded("Configuration", page.configuration)}
${folded("Provenance", page.provenance)}
</main>
<script>${pageScript}</script>
</body>
</html>
`;
}

function renderVerdict({ text, status, headlines }: Verdict): string {
  const items = headlines.map(({ label, value, unit, note }) => {
    const shown =
      typeof value === "string"
        ? escapeHtml(value)
        : escapeHtml(
            typeof value === "number" ? formatNumber(value) : formatWithUncertainty(value),
          );
    return `<div><dt>${richHtml(label)}</dt><dd><strong>${shown}</strong>${unit ? ` ${richHtml(unit)}` : ""}${note ? `<small>${richHtml(note)}</small>` : ""}</dd></div>`;
  });
  return `<section class="verdict ${status}" aria-label="Verdict"><p>${richHtml(text)}</p><dl>${items.join("")}</dl></section>`;
}

function renderSection(
  { title, text = [], tables = [], figures = [], notes = [] }: Section,
  context: {
    readonly id: string;
    readonly count: { figure: number; table: number };
    readonly document: Document;
  },
): string {
  const { id, count, document } = context;
  return `<section id="${id}"><h2>${richHtml(title)}</h2>
${text.map((paragraph) => `<p>${richHtml(paragraph)}</p>`).join("\n")}
${tables.map((table) => renderTable(table, ++count.table)).join("\n")}
${figures.length > 0 ? `<div class="figures">${figures.map((f) => figureHtml(f, ++count.figure, document)).join("\n")}</div>` : ""}
${notes.length > 0 ? `<ul class="notes">${notes.map((note) => `<li>${richHtml(note)}</li>`).join("")}</ul>` : ""}
</section>`;
}

function figureHtml(figure: FigureData, number: number, document: Document): string {
  const svg = serializeFigure(renderFigure(figure, { document }));
  const n =
    figure.n === undefined
      ? ""
      : ` <span class="n">n\u00a0=\u00a0${formatNumber(figure.n)}.</span>`;
  return `<figure>${svg}<figcaption><b>Figure ${number}: ${richHtml(figure.title)}.</b> ${richHtml(figure.caption)}${n} <button type="button" class="save" data-save="svg" data-name="figure-${number}" hidden>SVG</button></figcaption></figure>`;
}

function folded(title: string, content: unknown): string {
  if (content === undefined) return "";
  return `<details><summary>${title}</summary><pre tabindex="0">${escapeHtml(JSON.stringify(content, null, 2))}</pre></details>`;
}
