import { columns, wrapped } from "./layout.ts";
import { typeCells, type WireType } from "./wires.ts";

/** Declarations of many wires, those of one type together: "wire signed [7:0] a, b, c;". */
export function declarations(
  kind: "wire" | "logic",
  wires: readonly { readonly name: string; readonly type: WireType }[],
): string[] {
  const byType = new Map<string, { type: WireType; names: string[] }>();
  for (const { name, type } of wires) {
    const key = `${type.signed ? 0 : 1},${String(type.width).padStart(3, "0")}`;
    const group = byType.get(key);
    if (group === undefined) byType.set(key, { type, names: [name] });
    else group.names.push(name);
  }
  const groups = [...byType].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  const heads = columns(
    groups.map(({ type }) => [kind, ...typeCells(type), "|"]),
    "  ",
  ).map((line) => line.slice(0, -1));
  return groups.flatMap(({ names }, i) => {
    const lines = wrapped(names, " ".repeat(heads[i].length), 99);
    lines[0] = `${heads[i]}${lines[0].trimStart()}`;
    return [...lines.slice(0, -1), `${lines[lines.length - 1]};`];
  });
}
