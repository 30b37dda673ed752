import { type caloDmaKinds, caloLinks } from "./calo.ts";
import { gmtKinds } from "./gmt.ts";
import { crossingsPerOrbit, type OrbitCollection, type OrbitObjects } from "./orbit-objects.ts";
import {
  bitField,
  type Code,
  createModule,
  get,
  i32,
  increase,
  load,
  loopWhile,
  returns,
  set,
  store,
  when,
} from "./wasm-assembler.ts";

/** Columns of a word: shift, bits, signed. */
type Fields = Readonly<Record<string, readonly [shift: number, bits: number, isSigned?: boolean]>>;

/** Locals of every decoder; the first three are its parameters. */
const [at, end, orbit, bx, lastBx, count, header, word, offset] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
/** What a decoder returns where it leaves the orbit to the careful decoder, which finds why. */
const giveUp = returns(i32.const(-1));

/** Stores fields of `value` as columns of object n. */
function storeFields(list: OrbitCollection, fields: Fields, value: Code, n: number): Code {
  return Object.entries(fields).flatMap(([name, [shift, bits, isSigned]]) =>
    storeColumn(list, name, n, bitField(value, shift, bits, isSigned)),
  );
}

function storeColumn(list: OrbitCollection, name: string, n: number, value: Code): Code {
  const { BYTES_PER_ELEMENT: size, byteOffset } = list.columns[name];
  const address = size === 1 ? get(n) : i32.shl(get(n), i32.const(size >> 1));
  return store(size, address, byteOffset, value);
}

/**
 * The loop over blocks: checks bx, orbit and room for `bodyBytes` as `decodeBlocks` does, keeps
 * the offsets of `lists` (each with its local that counts objects) and hands the words to `body`,
 * which finds `at` behind the header and leaves it behind the block.
 */
function blockLoop(
  { blocks }: OrbitObjects,
  lists: readonly (readonly [OrbitCollection, number])[],
  block: { readonly check: Code; readonly body: Code },
): Code {
  const headerBytes = 12;
  const setOffsets = lists.flatMap(([{ offsets }, n]) =>
    store(4, get(offset), offsets.byteOffset, get(n)),
  );
  const fillTo = (last: Code) =>
    loopWhile(i32.ltS(get(lastBx), last), [
      ...set(offset, i32.shl(get(lastBx), i32.const(2))),
      ...setOffsets,
      ...increase(lastBx, 1),
    ]);
  return [
    ...loopWhile(i32.ltS(get(at), get(end)), [
      ...when(i32.ltS(i32.sub(get(end), get(at)), i32.const(headerBytes)), giveUp),
      ...set(header, load(get(at))),
      ...set(bx, load(get(at), 4)),
      ...set(word, load(get(at), 8)),
      ...when(i32.leS(get(bx), get(lastBx)), giveUp),
      ...when(i32.gtS(get(bx), i32.const(crossingsPerOrbit)), giveUp),
      ...when(i32.ne(i32.and(get(word), i32.const(0x7fffffff)), get(orbit)), giveUp),
      ...increase(at, headerBytes),
      ...block.check,
      ...fillTo(get(bx)),
      ...store(2, i32.shl(get(count), i32.const(1)), blocks.bx.byteOffset, get(bx)),
      ...store(1, get(count), blocks.flag.byteOffset, i32.shrU(get(word), i32.const(31))),
      ...block.body,
      ...store(4, i32.shl(get(count), i32.const(2)), blocks.header.byteOffset, get(header)),
      ...increase(count, 1),
    ]),
    ...fillTo(i32.const(crossingsPerOrbit + 1)),
  ];
}

/** Two numbers in one result: blocks in the low 12 bits, dropped words above. */
const result = (dropped: number) => i32.or(get(count), i32.shl(get(dropped), i32.const(12)));

/** The GMT decoder for storage at fixed addresses: the fast twin of `gmtFormat.unpack`. */
export function fastGmt(into: OrbitObjects<typeof gmtKinds>): WebAssembly.Module {
  const { muons } = into.objects;
  const [n, stop, start, third, dropped, secondAt, shift] = [9, 10, 11, 12, 13, 14, 15];
  const low: Fields = {
    hwPhiAtVtx: [0, 10],
    hwPt: [10, 9],
    hwQual: [19, 4],
    hwEtaAtVtx: [23, 9, true],
  };
  const high: Fields = {
    hwIso: [0, 2],
    hwCharge: [2, 1],
    hwChargeValid: [3, 1],
    tfMuonIndex: [4, 7],
    hwPhi: [11, 10],
    hwPtUnconstrained: [21, 8],
    spare: [29, 1],
    hwDXY: [30, 2],
  };
  const [first, second] = [bitField(get(header), 16, 4), bitField(get(header), 0, 4)];
  const muonBytes = i32.const(12);
  const check = [
    ...when(i32.gtS(first, i32.const(8)), giveUp),
    ...when(i32.gtS(second, i32.const(8)), giveUp),
    ...set(secondAt, i32.add(get(at), i32.mul(first, muonBytes))),
    ...set(stop, i32.add(get(secondAt), i32.mul(second, muonBytes))),
    ...when(i32.gtS(get(stop), get(end)), giveUp),
  ];
  const isNone = i32.or(
    i32.ltS(get(third), i32.const(0)),
    i32.or(i32.eqz(bitField(get(word), 10, 9)), i32.eqz(bitField(get(word), 19, 4))),
  );
  const drop = [
    ...increase(dropped, 1),
    ...when(i32.geS(get(at), get(secondAt)), increase(header, -1)),
  ];
  const keep = [
    ...when(i32.eq(i32.sub(get(n), get(start)), i32.const(gmtKinds.muons.perCrossing)), giveUp),
    ...storeFields(muons, low, get(word), n),
    ...set(word, load(get(at), 4)),
    ...storeFields(muons, high, get(word), n),
    ...set(shift, i32.add(i32.const(13), i32.mul(i32.and(get(third), i32.const(1)), i32.const(9)))),
    ...storeColumn(muons, "hwEta", n, bitField(i32.shrU(get(third), get(shift)), 0, 9, true)),
    ...set(shift, i32.shl(i32.const(0x1ff), get(shift))),
    ...storeColumn(muons, "extra", n, i32.sub(get(third), i32.and(get(third), get(shift)))),
    ...increase(n, 1),
  ];
  const body = [
    ...set(header, i32.and(get(header), i32.const(~0x000f0000))),
    ...set(start, get(n)),
    ...loopWhile(i32.ltS(get(at), get(stop)), [
      ...set(word, load(get(at))),
      ...set(third, load(get(at), 8)),
      ...when(isNone, drop, keep),
      ...increase(at, 12),
    ]),
  ];
  const code = [...blockLoop(into, [[muons, n]], { check, body }), ...result(dropped)];
  return createModule(3, shift + 1 - 3, code);
}

/** The calorimeter DMA decoder: the fast twin of `caloFormat.unpack`. */
export function fastCalo(into: OrbitObjects<typeof caloDmaKinds>): WebAssembly.Module {
  const { jets, egs, taus, sums, links } = into.objects;
  const [jet, eg, tau, sum, link, dropped] = [9, 10, 11, 12, 13, 14];
  const direction = (bits: number): Fields => ({
    hwPt: [0, bits],
    hwEta: [bits, 8, true],
    hwPhi: [bits + 8, 8],
  });
  const jetFields: Fields = {
    ...direction(11),
    hwDisplaced: [27, 1],
    hwQual: [28, 2],
    spare: [30, 2],
  };
  const clusterFields: Fields = { ...direction(9), hwIso: [25, 2], spare: [27, 5] };
  const sumFields: Fields = { hwPt: [0, 12], hwPhi: [12, 8], spare: [20, 12] };
  const slots = Array.from({ length: 12 }, (_, slot) => slot);
  const list = (
    collection: OrbitCollection,
    fields: Fields,
    n: number,
    places: readonly number[],
  ) =>
    slots.flatMap((slot) => [
      ...set(word, load(get(at), 4 * (places[slot < 6 ? 0 : 1] + 1 + (slot % 6)))),
      ...when(
        bitField(get(word), 0, fields.hwPt[1]),
        [
          ...storeFields(collection, fields, get(word), n),
          ...storeColumn(collection, "slot", n, i32.const(slot)),
          ...increase(n, 1),
        ],
        set(dropped, i32.add(get(dropped), i32.ne(get(word), i32.const(0)))),
      ),
    ]);
  const copied = [
    ...Array.from({ length: 8 }, (_, k) => 7 * k),
    ...Array.from({ length: 6 }, (_, k) => caloLinks.empty + 1 + k),
  ];
  const bodyBytes = 4 * 56;
  const check = when(i32.ltS(i32.sub(get(end), get(at)), i32.const(bodyBytes)), giveUp);
  const body = [
    ...list(jets, jetFields, jet, caloLinks.jets),
    ...list(egs, clusterFields, eg, caloLinks.egs),
    ...list(taus, clusterFields, tau, caloLinks.taus),
    ...slots
      .slice(0, 6)
      .flatMap((k) => [
        ...set(word, load(get(at), 4 * (caloLinks.sums + 1 + k))),
        ...storeFields(sums, sumFields, get(word), sum),
        ...increase(sum, 1),
      ]),
    ...copied.flatMap((from) => [
      ...storeColumn(links, "word", link, load(get(at), 4 * from)),
      ...increase(link, 1),
    ]),
    ...increase(at, bodyBytes),
  ];
  const lists = [
    [jets, jet],
    [egs, eg],
    [taus, tau],
    [sums, sum],
    [links, link],
  ] as const;
  const code = [...blockLoop(into, lists, { check, body }), ...result(dropped)];
  return createModule(3, dropped + 1 - 3, code);
}
