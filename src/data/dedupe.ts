import { type Column, column, type Table } from "./table.ts";

/**
 * Rows that repeat an earlier one in all (or the named) columns are dropped. Values are compared
 * exactly; missing equals missing, -0 equals 0.
 * @returns ascending indices of the rows that stay, for `selectRows`, and how many go.
 */
export function dedupeRows(
  table: Table,
  names: readonly string[] = table.columns.map((c) => c.name),
): { kept: Uint32Array; dropped: number } {
  const { rows } = table;
  const columns = names.map((name) => column(table, name));
  const hashes = new Int32Array(rows);
  for (const c of columns) addHashes(hashes, c);
  const equal = columns.map(equalIn);
  const slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * rows + 2))); // row + 1; 0 is free
  const mask = slots.length - 1;
  const kept = new Uint32Array(rows);
  let n = 0;
  for (let row = 0; row < rows; row++) {
    let slot = hashes[row] & mask;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const other = slots[slot] - 1;
      if (hashes[other] === hashes[row] && equal.every((same) => same(other, row))) break;
    }
    if (slots[slot] !== 0) continue;
    slots[slot] = row + 1;
    kept[n++] = row;
  }
  return { kept: kept.slice(0, n), dropped: rows - n };
}

function equalIn({ values, missing }: Column): (a: number, b: number) => boolean {
  if (Array.isArray(values)) {
    if (missing === undefined) return (a, b) => values[a] === values[b];
    return (a, b) => values[a] === values[b] && missing[a] === missing[b];
  }
  if (values instanceof BigInt64Array) return (a, b) => values[a] === values[b];
  return (a, b) => values[a] === values[b] || (Number.isNaN(values[a]) && Number.isNaN(values[b]));
}

/** Mixes one column into the hash of each row; equal values give equal hashes. */
function addHashes(hashes: Int32Array, { values }: Column): void {
  const n = hashes.length;
  if (Array.isArray(values)) {
    for (let i = 0; i < n; i++) hashes[i] = mix(hashes[i] ^ textHash(values[i]));
  } else if (values instanceof BigInt64Array) {
    const words = new Int32Array(values.buffer, values.byteOffset, 2 * n);
    for (let i = 0; i < n; i++) hashes[i] = mix(mix(hashes[i] ^ words[2 * i]) ^ words[2 * i + 1]);
  } else {
    const number = new Float64Array(1);
    const words = new Int32Array(number.buffer);
    for (let i = 0; i < n; i++) {
      number[0] = values[i] + 0; // -0 + 0 is 0
      if (Number.isNaN(number[0])) number[0] = Number.NaN; // one bit pattern for all NaN
      hashes[i] = mix(mix(hashes[i] ^ words[0]) ^ words[1]);
    }
  }
}

/** A bijective 32-bit mixer with good avalanche (constants of Wellons' "lowbias32" search). */
function mix(x: number): number {
  let h = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
  return h ^ (h >>> 15);
}

/** FNV-1a over UTF-16 units. */
function textHash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h;
}
