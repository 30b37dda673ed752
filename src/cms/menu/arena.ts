/**
 * The memory of a compiled menu: first what stays, tables and the bits of a block, then the objects
 * of the current call. Addresses are in bytes; views last until `take`.
 */
export interface Arena {
  readonly memory: WebAssembly.Memory;
  /** Space that stays; only before the first `release`. */
  readonly reserve: (bytes: number) => number;
  /** A copy of the values that stays; the same array always shares it. */
  readonly place: (values: Int32Array | Uint16Array | Float64Array) => number;
  /** Gives back what was taken. */
  readonly release: () => void;
  /** Space until the next `release`. */
  readonly take: (bytes: number) => number;
  readonly words: (address: number, length: number) => Int32Array;
  /** All words, to be read by slot: address / 4. */
  readonly bits: () => Int32Array;
}

const pageBytes = 65_536;

export function createArena(): Arena {
  const memory = new WebAssembly.Memory({ initial: 1 });
  let [kept, used] = [16, 16];
  let all = new Int32Array(memory.buffer);
  const grow = (bytes: number): number => {
    const address = used;
    used = (used + bytes + 15) & ~15;
    const missing = used - memory.buffer.byteLength;
    if (missing > 0) {
      memory.grow(Math.ceil((missing + (used >> 2)) / pageBytes));
      all = new Int32Array(memory.buffer);
    }
    return address;
  };
  const placed = new Map<object, number>();
  const reserve = (bytes: number): number => {
    const address = grow(bytes);
    kept = used;
    return address;
  };
  return {
    memory,
    reserve,
    place(values) {
      const known = placed.get(values);
      if (known !== undefined) return known;
      const address = reserve(values.byteLength);
      const { buffer, byteOffset, byteLength } = values;
      new Uint8Array(memory.buffer, address).set(new Uint8Array(buffer, byteOffset, byteLength));
      placed.set(values, address);
      return address;
    },
    release() {
      used = kept;
    },
    take: grow,
    words: (address, length) => new Int32Array(memory.buffer, address, length),
    bits: () => all,
  };
}
