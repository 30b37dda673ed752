import { serializeFigure } from "../../src/report/index.ts";

/** Gives the reader a file. */
export function saveFile(name: string, type: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** The drawing as a file of its own, black on white. */
export function saveSvg(name: string, svg: Element): void {
  saveFile(`${name}.svg`, "image/svg+xml", serializeFigure(svg, { standalone: true }));
}
