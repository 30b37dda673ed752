/** A run of a label: normal, subscript or superscript. */
interface Run {
  readonly text: string;
  readonly level: "sub" | "sup" | null;
}

/** Splits "p_{T} [GeV]" at its `_{…}` and `^{…}` groups. */
function runs(label: string): Run[] {
  return label
    .split(/([_^]\{[^{}]*\})/)
    .filter((part) => part !== "")
    .map((part) =>
      /^[_^]\{.*\}$/.test(part)
        ? { text: part.slice(2, -1), level: part[0] === "_" ? "sub" : "sup" }
        : { text: part, level: null },
    );
}

/** The label without markup, for width estimates, alt texts and CSV. */
export function plainText(label: string): string {
  return runs(label)
    .map((run) => run.text)
    .join("");
}

/** The label as HTML, escaped. */
export function richHtml(label: string): string {
  return runs(label)
    .map(({ text, level }) =>
      level ? `<${level}>${escapeHtml(text)}</${level}>` : escapeHtml(text),
    )
    .join("");
}

/** Escapes text for HTML content and attributes. */
export function escapeHtml(text: string): string {
  const named: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return text.replace(/[&<>"]/g, (c) => named[c]);
}

/** Replaces markup in every text of a drawing by shifted, smaller spans. */
export function applyRichText(root: Element): void {
  for (const element of Array.from(root.querySelectorAll("text, tspan"))) {
    const label = element.textContent ?? "";
    if (element.children.length > 0 || !/[_^]\{/.test(label)) continue;
    element.textContent = "";
    let shift = 0; // em of the normal size, to be undone by the next run
    for (const { text, level } of runs(label)) {
      const target = level === "sub" ? 0.28 : level === "sup" ? -0.38 : 0;
      const span = element.ownerDocument.createElementNS("http://www.w3.org/2000/svg", "tspan");
      const scale = level ? 0.75 : 1;
      const move = (target - shift) / scale;
      if (move !== 0) span.setAttribute("dy", `${Number(move.toFixed(3))}em`);
      if (level) span.setAttribute("font-size", "75%");
      span.textContent = text;
      element.appendChild(span);
      shift = target;
    }
  }
}
