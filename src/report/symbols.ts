/** Corners of the symbols at radius 1; null is the circle. */
const shapes: readonly (readonly (readonly [number, number])[] | null)[] = [
  null,
  [
    [-0.9, -0.9],
    [0.9, -0.9],
    [0.9, 0.9],
    [-0.9, 0.9],
  ],
  [
    [0, -1.25],
    [1.15, 0.8],
    [-1.15, 0.8],
  ],
  [
    [0, -1.35],
    [1.1, 0],
    [0, 1.35],
    [-1.1, 0],
  ],
  [
    [-1.15, -0.8],
    [1.15, -0.8],
    [0, 1.25],
  ],
];

/** SVG path of symbol i with radius r pixels, centered at 0. */
export function symbolPath(i: number, r: number): string {
  const shape = shapes[i % shapes.length];
  if (!shape) return `M${r},0A${r},${r},0,1,1,${-r},0A${r},${r},0,1,1,${r},0Z`;
  return `M${shape.map(([x, y]) => `${(x * r).toFixed(2)},${(y * r).toFixed(2)}`).join("L")}Z`;
}

/** Symbol i as Observable Plot takes it. */
export function plotSymbol(
  i: number,
): "circle" | { draw(context: CanvasPath, size: number): void } {
  const shape = shapes[i % shapes.length];
  if (!shape) return "circle";
  return {
    draw(context, size) {
      const r = Math.sqrt(size / Math.PI);
      shape.forEach(([x, y], k) => {
        if (k === 0) context.moveTo(x * r, y * r);
        else context.lineTo(x * r, y * r);
      });
      context.closePath();
    },
  };
}
