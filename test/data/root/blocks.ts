import { loadChecksums } from "../../../src/data/root/checksum.ts";

/** What all samples below unpack to: runs, a slow ramp and some noise. */
export const payload = Uint8Array.from({ length: 300 }, (_, i) =>
  i % 7 === 0 ? (i * i) >> 5 : i % 50 < 40 ? 7 : i >> 4,
);

const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));

/** `xz -6`, xz 5.4: a whole container with CRC64. */
export const xzSample = bytesOf(
  "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AErAHZdAAACSGZO0DwkDT+TI+xW7ElNq7qcRDtqDEzb6v4n7cgO8u" +
    "gVOwn5Dy1GXBjTM94qWFloM8NbwlZ6WHX91VSFZVnLQJuQu0uxsuW4HnR2ZJza1Iwd/AckixkU/A6S9GsZnBx+" +
    "CL6TizEGBLPFOBk/9lmQvxo0Wf8AAAA9LoFbN+MPpQABkgGsAgAA9jiiqrHEZ/sCAAAAAARZWg==",
);

/** `zstd -5`, zstd 1.5. */
export const zstdSample = bytesOf(
  "KLUv/WQsAE0EAHQFAAcBBg0YJgICNwIDS2J8mbncBQIFBQUFBgYsWIgHuvAoZAgICAkJCaMJCeUqcr0LXAsLDA" +
    "wMDLAMDAwHvyCD6gcPUwcHwDCjGZIOBwcSEhISjRISEhISJaggLqdGYzADsoYDECikGwOCkLCB4dgCG51IgHQd" +
    "DiN2Tm6/FyYeVAYNCOcgby5QmouaVw==",
);

/** The block in the frame of `lz4 -9`, lz4 1.9, with ROOT's checksum before it. */
export async function lz4Sample(): Promise<Uint8Array> {
  const block = bytesOf(
    "IQAHAQASAQcAEgYHABINBwASGAcAECYFAEACAjcCAQAiA0sVABJiBwASfAcAEpkHABK5BwAR3AYAkgUCBQUFBQ" +
      "YGLFUAElgcABKIBwASugcAEvAHABIoBwCgZAgICAkJCaMJCQ4AEuUVABIqBwAScgcAEr0HABILBwCyXAsLDAwM" +
      "DLAMDAwRAAeaABK/BwASIAcAEoMHADDqBw8BABBTBQAyBwfAFQASMAcAEqMHABIZBwASkgcA0A4HBxISEhKNEh" +
      "ISEhI=",
  );
  const { xxh64 } = await loadChecksums();
  const sample = new Uint8Array(8 + block.length);
  new DataView(sample.buffer).setBigUint64(0, xxh64(block));
  sample.set(block, 8);
  return sample;
}

const versions: Readonly<Record<string, number>> = { ZL: 8, CS: 8, XZ: 0, L4: 1, ZS: 1 };

/** A block with ROOT's header. */
export function block(mark: string, data: Uint8Array, size: number): Uint8Array {
  const u24 = (n: number) => [n & 255, (n >> 8) & 255, n >> 16];
  return Uint8Array.from([
    ...[mark.charCodeAt(0), mark.charCodeAt(1), versions[mark] ?? 0],
    ...u24(data.length),
    ...u24(size),
    ...data,
  ]);
}
