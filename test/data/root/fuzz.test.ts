import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isFortyError } from "../../../src/base/errors.ts";
import { createRng } from "../../../src/base/rng.ts";
import { decompressMany } from "../../../src/data/root/compression.ts";
import { type DecompressMany, openRoot, type RootFile } from "../../../src/data/root/file.ts";
import { type ByteSource, bytesSource } from "../../../src/data/root/source.ts";
import type { RootColumn } from "../../../src/data/root/tree.ts";

const shared = "../shared/data";
const present = existsSync(shared);
if (!present) console.warn(`skipped: ${shared} is absent, no real ROOT files to damage`);

const files = [
  { path: "dimuon/zmumu_2304ev.root", tree: "events", share: 0.43 },
  { path: "dimuon/hzz_2421ev.root", tree: "events", share: 0.35 },
  { path: "jets/jetclass2_100jets.root", tree: "tree", share: 0.2 },
  { path: "l1-ntuple/run3_mc_l1ntuple_1ev.root", tree: "l1UpgradeTree/L1UpgradeTree", share: 0.02 },
];

/** Flips over all files; FORTY_FLIPS asks for more. */
const flips = Number(process.env.FORTY_FLIPS ?? 10_000);
const seed = Number(process.env.FORTY_SEED ?? 1);
/** No piece of these files is larger than this when unpacked. */
const mostBytes = 64 << 20;

interface Region {
  readonly start: number;
  readonly end: number;
}

/** A source that notes what was read. */
function noting(source: ByteSource, regions: Region[]): ByteSource {
  return {
    ...source,
    read: (offset, length) => {
      regions.push({ start: offset, end: offset + length });
      return source.read(offset, length);
    },
  };
}

/** Values and offsets in comparable form, without the columns that no checksum protects. */
const contentOf = (columns: readonly RootColumn[]) =>
  columns.map(({ values, offsets }) => [values, offsets]);

describe.skipIf(!present)("damaged files", () => {
  test.each(files)(
    "$path: a flipped bit gives an error or the right data",
    async ({ path, tree, share }) => {
      const bytes = new Uint8Array(readFileSync(join(shared, path)));
      const opening: Region[] = [];
      const source = bytesSource(bytes, path);
      const intact = await openRoot(noting(source, opening));
      const whole = await intact.tree(tree);
      const opened = opening.splice(0);
      // where the baskets of each branch lie, so that a flip is tried on the branch it can harm
      const branches: { name: string; regions: Region[]; content: unknown; checked: boolean }[] =
        [];
      for (const { name, readable } of whole.branches) {
        if (readable !== true) continue;
        const columns = await whole.read([name]);
        const { zippedBytes, totalBytes } = whole.branches.find((b) => b.name === name) ?? {};
        const checked = (zippedBytes ?? 0) < (totalBytes ?? 0);
        branches.push({ name, regions: opening.splice(0), content: contentOf(columns), checked });
      }
      const holds = (regions: readonly Region[], at: number) =>
        regions.some(({ start, end }) => at >= start && at < end);
      const rng = createRng(seed).split(path);
      const outcome = { errors: 0, right: 0 };
      const attempt = async (what: string, run: () => Promise<void>) => {
        try {
          await run();
          outcome.right++;
        } catch (error) {
          if (!isFortyError(error))
            throw new Error(`${path}, seed ${seed}, ${what}`, { cause: error });
          outcome.errors++;
        }
      };
      for (let i = 0; i < flips * share; ) {
        const at = rng.integer(bytes.length);
        const bit = 1 << rng.integer(8);
        const harmed = branches.filter(({ regions }) => holds(regions, at));
        const whileOpening = holds(opened, at);
        if (harmed.length === 0 && !whileOpening) continue; // bytes of other objects, never read
        i++;
        bytes[at] ^= bit;
        await attempt(`bit ${bit} of byte ${at}`, async () => {
          const file: RootFile = whileOpening ? await openRoot(source) : intact;
          const again = whileOpening ? await file.tree(tree) : whole;
          for (const { name, content, checked } of whileOpening ? branches.slice(0, 1) : harmed) {
            const [column] = await again.read([name]);
            expect(column.values.length * 8).toBeLessThan(mostBytes);
            if (checked) expect(contentOf([column])).toEqual(content);
          }
        });
        bytes[at] ^= bit;
      }
      expect(outcome.errors).toBeGreaterThan(outcome.right);
    },
    120_000,
  );

  test.each(files)(
    "$path: unpacked bytes with a flipped bit never crash the reader",
    async ({ path, tree, share }) => {
      const source = bytesSource(new Uint8Array(readFileSync(join(shared, path))), path);
      const rng = createRng(seed).split(`unpacked ${path}`);
      let errors = 0;
      for (let i = 0; i < flips * share * 0.06; i++) {
        // past the checksums: the third piece or so is the tree, those behind it are baskets
        let pieces = rng.integer(6);
        const decompress: DecompressMany = async (jobs) => {
          const unpacked = await decompressMany(jobs);
          return unpacked.map((bytes) => {
            if (pieces-- !== 0) return bytes;
            const damaged = Uint8Array.from(bytes);
            damaged[rng.integer(bytes.length)] ^= 1 << rng.integer(8);
            return damaged;
          });
        };
        try {
          const file = await openRoot(source, { decompress });
          const opened = await file.tree(tree);
          const names = opened.branches.flatMap(({ name, readable }) =>
            readable === true ? [name] : [],
          );
          for (const column of await opened.read(names.slice(0, 8)))
            expect(column.values.length * 8).toBeLessThan(mostBytes);
        } catch (error) {
          if (!isFortyError(error))
            throw new Error(`${path}, seed ${seed}, flip ${i}`, { cause: error });
          errors++;
        }
      }
      expect(errors).toBeGreaterThan(0);
    },
    120_000,
  );
});
