import { applyRichText, plainText } from "./rich-text.ts";

const namespace = "http://www.w3.org/2000/svg";

/** A new SVG element with attributes. */
export function svgElement(
  document: Document,
  name: string,
  attributes: Readonly<Record<string, string | number>>,
): SVGElement {
  const element = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element as SVGElement;
}

/**
 * The document to draw with outside a browser: loaded on the first call, since it costs some
 * 50 ms. In a browser pass the page's own `document` instead.
 */
export async function loadDocument(): Promise<Document> {
  const { default: domino } = await import("domino");
  return domino.createDocument("");
}

/** Gives a finished drawing its size, font and accessible name. */
export function finish(
  svg: SVGElement,
  { width, height, label }: { width: number; height: number; label: string },
): SVGElement {
  for (const style of Array.from(svg.querySelectorAll("style"))) style.remove();
  const attributes = {
    class: "forty-figure",
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
    "aria-label": plainText(label),
    fill: "currentColor",
    "font-family": "Helvetica, Arial, 'Nimbus Sans', 'Liberation Sans', sans-serif",
    "font-size": 12,
  };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, String(value));
  applyRichText(svg);
  return svg;
}

/**
 * The drawing as text, coordinates rounded to 0.01. With `standalone`, as a file of its own:
 * with namespace, black on white, and colors in place of the page's variables.
 */
export function serializeFigure(svg: Element, { standalone = false } = {}): string {
  const text = svg.outerHTML
    .replace(
      / (d|x|y|x1|x2|y1|y2|cx|cy|width|height|transform)="([^"]*)"/g,
      (_, name: string, value: string) => ` ${name}="${value.replace(longNumber, round)}"`,
    )
    // HTML allows these in place, XML does not.
    .replace(/="[^"]*"/g, (v) => v.replaceAll("<", "&lt;").replaceAll(">", "&gt;"))
    .replaceAll("&nbsp;", "\u00a0");
  if (!standalone) return text;
  const attributes = 'xmlns="http://www.w3.org/2000/svg" color="#000" style="background:#fff"';
  return text.replace(/^<svg/, `<svg ${attributes}`).replace(/var\(--[\w-]+,\s*([^)]+)\)/g, "$1");
}

const longNumber = /-?\d*\.\d{3,}(e-?\d+)?/g;

function round(number: string): string {
  return String(Number(Number(number).toFixed(2)));
}
