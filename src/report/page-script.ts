/**
 * The few lines a report runs: theme button, SVG and CSV files from what the page holds.
 * Buttons are hidden until this runs, so that a page without scripts shows none that do nothing.
 */
export const pageScript = `
const root = document.documentElement;
for (const button of document.querySelectorAll("button[hidden]")) button.hidden = false;
document.getElementById("theme").onclick = () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
};
const save = (name, type, text) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};
const svgText = (figure) => {
  const svg = figure.querySelector("svg").cloneNode(true);
  svg.setAttribute("color", "#000");
  svg.setAttribute("style", "background:#fff");
  return new XMLSerializer().serializeToString(svg).replace(/var\\(--[\\w-]+, *([^)]+)\\)/g, "$1");
};
const csvText = (table) => {
  const field = (x) => /[",\\n]/.test(x) ? '"' + x.replaceAll('"', '""') + '"' : x;
  const rows = [...table.tBodies[0].rows].map((row) => [...row.cells]);
  const names = JSON.parse(table.dataset.columns);
  const wide = names.map((_, j) => rows.some((row) => row[j].dataset.uncertainty));
  const head = names.flatMap((name, j) => wide[j] ? [name, name + " uncertainty"] : [name]);
  const body = rows.map((row) => row.flatMap((cell, j) => {
    const value = cell.dataset.value ?? cell.textContent;
    return wide[j] ? [value, cell.dataset.uncertainty ?? ""] : [value];
  }));
  return [head, ...body].map((row) => row.map(field).join(",")).join("\\n") + "\\n";
};
document.addEventListener("click", ({ target }) => {
  const { save: kind, name } = target.dataset ?? {};
  if (kind === "svg") save(name + ".svg", "image/svg+xml", svgText(target.closest("figure")));
  if (kind === "csv") save(name + ".csv", "text/csv", csvText(target.closest(".table").querySelector("table")));
});
`;
