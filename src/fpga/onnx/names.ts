/** An identifier of Verilog and C++ from any name: letters, digits, single underscores inside. */
export function identifier(text: string): string {
  const clean = text
    .replaceAll(/[^A-Za-z0-9]+/g, "_")
    .replaceAll(/_+/g, "_")
    .replaceAll(/^_+|_+$/g, "");
  return /^[A-Za-z]/.test(clean) ? clean : `n${clean}`;
}

/**
 * The layer a weight belongs to: "fc1.weight" is fc1, "0.weight" is dense0.
 * @param kind - word for layers that only have a number.
 */
export function layerOfWeight(weight: string, kind: string): string | null {
  const match = weight.match(/^(.*?)[._/]?(?:weight|weights|kernel|W)(?:_quant\w*)?$/i);
  const base = (match?.[1] ?? weight).replaceAll(/[^A-Za-z0-9]+/g, "_").replaceAll(/^_+|_+$/g, "");
  if (base === "") return null;
  return /^[0-9]/.test(base) ? `${kind}${base}` : base;
}

/** Gives each name out once: the base, or the base and a number. */
export function uniqueNames(): (base: string) => string {
  const used = new Set<string>();
  return (base) => {
    const clean = identifier(base);
    let name = clean;
    for (let n = 2; used.has(name); n++) name = `${clean}_${n}`;
    used.add(name);
    return name;
  };
}
