/** A set of whole numbers in as many ranges as it has gaps: numbers in a row take no memory. */
export interface IdRanges {
  add(id: number): void;
  has(id: number): boolean;
}

export function createIdRanges(): IdRanges {
  const starts: number[] = []; // ascending
  const ends: number[] = []; // the last of each, inclusive
  /** The last range that starts at or before `id`, -1 for none. */
  const place = (id: number) => {
    let [low, high] = [0, starts.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (starts[middle] <= id) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };
  return {
    has(id) {
      const k = place(id);
      return k >= 0 && id <= ends[k];
    },
    add(id) {
      const k = place(id);
      if (k >= 0 && id <= ends[k]) return;
      const isBehind = k >= 0 && ends[k] === id - 1;
      const isBefore = starts[k + 1] === id + 1;
      if (isBehind && isBefore) {
        ends.splice(k, 2, ends[k + 1]);
        starts.splice(k + 1, 1);
      } else if (isBehind) ends[k] = id;
      else if (isBefore) starts[k + 1] = id;
      else {
        starts.splice(k + 1, 0, id);
        ends.splice(k + 1, 0, id);
      }
    },
  };
}
