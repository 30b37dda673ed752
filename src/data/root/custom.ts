import { readKeyFields } from "./key.ts";
import type { ObjectReader, RootValue } from "./object.ts";

type Members = Record<string, RootValue>;
type Fill = (from: ObjectReader, object: Members) => void;

/** Classes that write themselves by hand instead of following a streamer info. */
export const customClasses: Readonly<Record<string, Fill | undefined>> = {
  TObject: tobject,
  TString: ({ reader }, object) => {
    object.value = reader.string();
  },
  TList: list,
  THashList: list,
  TObjArray: objArray,
  TArrayC: tarray(1),
  TArrayS: tarray(2),
  TArrayI: tarray(3),
  TArrayL: tarray(4),
  TArrayL64: tarray(16),
  TArrayF: tarray(5),
  TArrayD: tarray(8),
  TBasket: basket,
};

function tobject(from: ObjectReader, object: Members): void {
  const { end } = from.reader.header();
  object.fUniqueID = from.reader.u32();
  object.fBits = from.bits();
  from.reader.finish(end);
}

/** @see ROOT core/cont/src/TList.cxx, Streamer */
function list(from: ObjectReader, object: Members): void {
  const { reader } = from;
  const { end } = reader.header();
  tobject(from, object);
  object.fName = reader.string();
  const n = reader.count(5);
  object.items = Array.from({ length: n }, () => {
    const item = from.any();
    reader.string(); // draw option
    return item;
  });
  reader.finish(end);
}

/** @see ROOT core/cont/src/TObjArray.cxx, Streamer */
function objArray(from: ObjectReader, object: Members): void {
  const { reader } = from;
  const { version, end } = reader.header();
  if (version > 2) tobject(from, object);
  if (version > 1) object.fName = reader.string();
  const n = reader.count(4);
  object.fLowerBound = reader.i32();
  object.items = Array.from({ length: n }, () => from.any());
  reader.finish(end);
}

function tarray(type: number): Fill {
  return (from, object) => {
    object.values = from.counted(type);
  };
}

/** What the flag of a basket says about the arrays behind it. */
const generatesOffsets = 80;
const maskedOffsets = 20;
const hasDisplacement = 40;
const displacementMask = 0xff000000;

/** A basket kept inside its tree. @see ROOT tree/tree/src/TBasket.cxx, Streamer */
function basket(from: ObjectReader, object: Members): void {
  const { reader } = from;
  const key = readKeyFields(reader);
  const { version } = reader.header();
  reader.skip(4); // size of the buffer
  if (reader.i32() < 0) reader.skip(1); // a negative size announces I/O flags
  const entries = reader.i32();
  const last = reader.i32();
  let flag = reader.u8();
  object.fKeylen = key.keyLength;
  object.fNevBuf = entries;
  object.fLast = last;
  if (flag === 0) return;
  const generates = flag >= generatesOffsets;
  if (generates) flag -= generatesOffsets;
  if (!generates && flag % 10 !== 2) {
    const offsets = entries > 0 ? (from.counted(3) as Int32Array) : new Int32Array(0);
    if (flag > maskedOffsets && flag < hasDisplacement)
      for (let i = 0; i < offsets.length; i++) offsets[i] &= ~displacementMask;
    object.fEntryOffset = offsets;
    if (flag > hasDisplacement) from.counted(3);
  }
  if (flag === 1 || flag > 10)
    object.buffer = reader.take(version > 1 ? reader.count(1, last) : reader.count(1));
}
