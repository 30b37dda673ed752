import { expect, test } from "vitest";
import { demoPage } from "../../scripts/figures.ts";
import { loadDocument, renderPage } from "../../src/report/index.ts";
import { renderTable } from "../../src/report/table.ts";

const document = await loadDocument();

test("the report is one file without network, scripts of others, or repeated ids", () => {
  const html = renderPage(demoPage(5000), { document });
  expect(html).not.toMatch(/(src|href)="(?!#)/);
  expect(html).not.toMatch(/@import|url\(|https?:\/\/(?!www\.w3\.org)/);
  const ids = [...html.matchAll(/ id="([^"]*)"/g)].map((m) => m[1]);
  expect(new Set(ids).size).toBe(ids.length);
  expect(html).toContain('<html lang="en">');
  expect(html).not.toContain("NaN");
});

test("figures and tables are numbered and captioned, and every figure has a name", () => {
  const html = renderPage(demoPage(5000), { document });
  const figures = demoPage(5000).sections.flatMap((s) => s.figures ?? []);
  figures.forEach((_, i) => {
    expect(html).toContain(`<b>Figure ${i + 1}: `);
  });
  expect(html.match(/<svg [^>]*role="img" aria-label="[^"]+"/g)).toHaveLength(figures.length);
  expect(html).toContain("<b>Table 1: Root mean square errors on the test sample.</b>");
  expect(html.match(/<h1>/g)).toHaveLength(1);
});

test("the same page gives the same bytes, and stays small", () => {
  const html = renderPage(demoPage(20_000), { document });
  expect(renderPage(demoPage(20_000), { document })).toBe(html);
  expect(html.length).toBeLessThan(400_000); // eleven figures, two of 60 x 60 cells
});

test("text from data cannot become markup", () => {
  const evil = '<img src=x onerror="alert(1)">';
  const html = renderPage(
    {
      title: evil,
      subtitle: evil,
      verdict: { text: evil, status: "bad", headlines: [{ label: evil, value: evil, unit: evil }] },
      sections: [
        {
          title: evil,
          text: [evil],
          notes: [evil],
          tables: [{ title: evil, columns: [{ name: evil }, { name: "x" }], rows: [[evil, 1]] }],
          figures: [
            {
              kind: "curves",
              title: evil,
              caption: evil,
              tag: evil,
              x: { label: evil },
              y: { label: "y_{<b>}" },
              series: [{ name: evil, x: [1, 2], y: [1, 2], labels: [evil, evil] }],
            },
          ],
        },
      ],
      configuration: { evil: "</pre><script>alert(1)</script>" },
    },
    { document },
  );
  expect(html).not.toContain("<img");
  expect(html).not.toContain("<b>}");
  expect(html.match(/<script>/g)).toHaveLength(1);
});

test("a table marks the best and what is within one uncertainty of it, not the reference", () => {
  const html = renderTable(
    {
      title: "T",
      columns: [{ name: "Model" }, { name: "rms", best: "min" }],
      rows: [
        ["reference", { value: 0.01, uncertainty: 0.001 }],
        ["a", { value: 0.1361, uncertainty: 0.0011 }],
        ["b", { value: 0.137, uncertainty: 0.0011 }],
        ["c", { value: 0.173, uncertainty: 0.0013 }],
        ["d", null],
      ],
      reference: [0],
    },
    3,
  );
  const best = [...html.matchAll(/<th scope="row"[^>]*>([^<]*)<\/th><td class="number best"/g)];
  expect(best.map((m) => m[1])).toEqual(["a", "b"]);
  expect(html).toContain("Table 3: T.");
  expect(html).toContain('data-value="0.1361" data-uncertainty="0.0011"');
});

test("numerals of a column stand with their points below each other", () => {
  const html = renderTable(
    {
      title: "T",
      columns: [{ name: "a" }, { name: "x" }],
      rows: [
        ["p", 12],
        ["q", 0.25],
        ["r", 3.5],
      ],
    },
    1,
  );
  const cells = [...html.matchAll(/<td class="number"[^>]*>([^<]*)<\/td>/g)].map((m) => m[1]);
  expect(cells).toEqual(["12\u2008\u2007\u2007", "0.25", "3.5\u2007"]);
});
