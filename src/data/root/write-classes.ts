import { invariant } from "../../base/errors.ts";

/** One member of a class, or one base class, as a streamer info tells it. */
export interface Member {
  readonly name: string;
  readonly type: string;
  readonly kind: "base" | "basic" | "array" | "string" | "object" | "any" | "pointer" | "owned";
  /** TStreamerInfo type code. */
  readonly code: number;
  /** Bytes in memory, for the streamer info only. */
  readonly size: number;
  /** Elements of a fixed array, else 0. */
  readonly fixed: number;
  /** Name of the member that counts the elements of a variable array, else "". */
  readonly counter: string;
}

/** A class as it is written. */
export interface ClassInfo {
  readonly name: string;
  readonly version: number;
  /** Checksum of the definition in ROOT; 0 for classes whose streamer info no file holds. */
  readonly checksum: number;
  readonly members: readonly Member[];
}

/** Code and bytes of each basic type (TVirtualStreamerInfo::EReadWrite). */
const basic: Readonly<Record<string, readonly [code: number, size: number]>> = {
  char: [1, 1],
  short: [2, 2],
  int: [3, 4],
  float: [5, 4],
  counter: [6, 4],
  double: [8, 8],
  "unsigned char": [11, 1],
  "unsigned short": [12, 2],
  "unsigned int": [13, 4],
  bits: [15, 4],
  Long64_t: [16, 8],
  bool: [18, 1],
  "TH1::EBinErrorOpt": [3, 4],
  "TH1::EStatOverflows": [3, 4],
};

/** Bytes in memory of the classes that are members. */
const objects: Readonly<Record<string, number>> = { TObjArray: 64, TAxis: 216 };
const others: Readonly<Record<string, number>> = {
  TArrayD: 24,
  TArrayI: 24,
  "ROOT::TIOFeatures": 1,
};

/** Checksums of base classes whose own streamer infos are in no file. */
const arrayChecksums: Readonly<Record<string, number>> = {
  TArrayD: 0x7139ef34,
  TArrayF: 0x5a0bf6f1,
};

/**
 * The classes of a file with trees and histograms, as ROOT 6 defines them: name, version and
 * checksum, then a member a line; `[n]` is a counted array, `->` a pointer that is never null.
 * @see the streamer infos that ROOT 6.18 to 6.30 write, against which the tests hold this table
 */
const definitions = `
TString 2 17419
TObject 1 901bc02d
  fUniqueID unsigned int
  fBits bits
TNamed 1 dfb74a3c
  base TObject
  fName TString
  fTitle TString
TCollection 3 57e3cb9c
  base TObject
  fName TString
  fSize int
TSeqCollection 0 fc6c3bc6
  base TCollection
TList 5 69c5c3bb
  base TSeqCollection
TObjArray 3 a99e6552
  base TSeqCollection
  fLowerBound int
  fLast int
TAttLine 2 94074549
  fLineColor short
  fLineStyle short
  fLineWidth short
TAttFill 2 ffd92a92
  fFillColor short
  fFillStyle short
TAttMarker 2 291d8bec
  fMarkerColor short
  fMarkerStyle short
  fMarkerSize float
ROOT::TIOFeatures 1 1aa12f10
  fIOBits unsigned char
TTree 20 7264e07f
  base TNamed
  base TAttLine
  base TAttFill
  base TAttMarker
  fEntries Long64_t
  fTotBytes Long64_t
  fZipBytes Long64_t
  fSavedBytes Long64_t
  fFlushedBytes Long64_t
  fWeight double
  fTimerInterval int
  fScanField int
  fUpdate int
  fDefaultEntryOffsetLen int
  fNClusterRange counter
  fMaxEntries Long64_t
  fMaxEntryLoop Long64_t
  fMaxVirtualSize Long64_t
  fAutoSave Long64_t
  fAutoFlush Long64_t
  fEstimate Long64_t
  fClusterRangeEnd Long64_t* [fNClusterRange]
  fClusterSize Long64_t* [fNClusterRange]
  fIOFeatures ROOT::TIOFeatures
  fBranches TObjArray
  fLeaves TObjArray
  fAliases TList*
  fIndexValues TArrayD
  fIndex TArrayI
  fTreeIndex TVirtualIndex*
  fFriends TList*
  fUserInfo TList*
  fBranchRef TBranchRef*
TBranch 13 10978aac
  base TNamed
  base TAttFill
  fCompress int
  fBasketSize int
  fEntryOffsetLen int
  fWriteBasket int
  fEntryNumber Long64_t
  fIOFeatures ROOT::TIOFeatures
  fOffset int
  fMaxBaskets counter
  fSplitLevel int
  fEntries Long64_t
  fFirstEntry Long64_t
  fTotBytes Long64_t
  fZipBytes Long64_t
  fBranches TObjArray
  fLeaves TObjArray
  fBaskets TObjArray
  fBasketBytes int* [fMaxBaskets]
  fBasketEntry Long64_t* [fMaxBaskets]
  fBasketSeek Long64_t* [fMaxBaskets]
  fFileName TString
TLeaf 2 6d1e8152
  base TNamed
  fLen int
  fLenType int
  fOffset int
  fIsRange bool
  fIsUnsigned bool
  fLeafCount TLeaf*
TLeafO 1 2ae48d3
  base TLeaf
  fMinimum bool
  fMaximum bool
TLeafB 1 f1e4b5e
  base TLeaf
  fMinimum char
  fMaximum char
TLeafS 1 150ceecf
  base TLeaf
  fMinimum short
  fMaximum short
TLeafI 1 7e6aae19
  base TLeaf
  fMinimum int
  fMaximum int
TLeafL 1 de320862
  base TLeaf
  fMinimum Long64_t
  fMaximum Long64_t
TLeafF 1 3add9d72
  base TLeaf
  fMinimum float
  fMaximum float
TLeafD 1 118e8776
  base TLeaf
  fMinimum double
  fMaximum double
TLeafC 1 fbe3b2f3
  base TLeaf
  fMinimum int
  fMaximum int
TAttAxis 4 5c6fff3e
  fNdivisions int
  fAxisColor short
  fLabelColor short
  fLabelFont short
  fLabelOffset float
  fLabelSize float
  fTickLength float
  fTitleOffset float
  fTitleSize float
  fTitleColor short
  fTitleFont short
TAxis 10 5a496e70
  base TNamed
  base TAttAxis
  fNbins int
  fXmin double
  fXmax double
  fXbins TArrayD
  fFirst int
  fLast int
  fBits2 unsigned short
  fTimeDisplay bool
  fTimeFormat TString
  fLabels THashList*
  fModLabs TList*
TH1 8 1c3740c4
  base TNamed
  base TAttLine
  base TAttFill
  base TAttMarker
  fNcells int
  fXaxis TAxis
  fYaxis TAxis
  fZaxis TAxis
  fBarOffset short
  fBarWidth short
  fEntries double
  fTsumw double
  fTsumw2 double
  fTsumwx double
  fTsumwx2 double
  fMaximum double
  fMinimum double
  fNormFactor double
  fContour TArrayD
  fSumw2 TArrayD
  fOption TString
  fFunctions TList* ->
  fBufferSize counter
  fBuffer double* [fBufferSize]
  fBinStatErrOpt TH1::EBinErrorOpt
  fStatOverflows TH1::EStatOverflows
TH1D 3 f9b1569f
  base TH1
  base TArrayD
TH1F 3 e2939644
  base TH1
  base TArrayF
TH2 5 182347f
  base TH1
  fScalefactor double
  fTsumwy double
  fTsumwy2 double
  fTsumwxy double
TH2D 4 7fba82f0
  base TH2
  base TArrayD
TH2F 4 689cc295
  base TH2
  base TArrayF
TStreamerInfo 9 0
  base TNamed
  fCheckSum unsigned int
  fClassVersion int
  fElements TObjArray*
TStreamerElement 4 0
  base TNamed
  fType int
  fSize int
  fArrayLength int
  fArrayDim int
  fMaxIndex int [5]
  fTypeName TString
TStreamerBase 3 0
  base TStreamerElement
  fBaseVersion int
TStreamerBasicType 2 0
  base TStreamerElement
TStreamerBasicPointer 2 0
  base TStreamerElement
  fCountVersion int
  fCountName TString
  fCountClass TString
TStreamerString 2 0
  base TStreamerElement
TStreamerObject 2 0
  base TStreamerElement
TStreamerObjectAny 2 0
  base TStreamerElement
TStreamerObjectPointer 2 0
  base TStreamerElement
`;

const classes: ReadonlyMap<string, ClassInfo> = new Map(
  definitions
    .trim()
    .split(/\n(?=\S)/)
    .map((definition) => {
      const [head, ...lines] = definition.split("\n");
      const [name, version, checksum] = head.split(" ");
      const members = lines.map((line) => memberOf(line.trim()));
      return [
        name,
        { name, version: Number(version), checksum: Number.parseInt(checksum, 16), members },
      ];
    }),
);

/** The class of that name; all that the writer asks for are in the table. */
export function classInfo(name: string): ClassInfo {
  const info = classes.get(name);
  invariant(info !== undefined, `no definition of class ${name}`);
  return info;
}

/** Checksum that a derived class gives for its base. */
export function baseChecksum(name: string): number {
  return arrayChecksums[name] ?? classInfo(name).checksum;
}

/** Version that a derived class gives for its base. */
export function baseVersion(name: string): number {
  return name in arrayChecksums ? 1 : classInfo(name).version;
}

function memberOf(line: string): Member {
  const [name, ...words] = line.split(" ");
  const bracket = words.at(-1)?.match(/^\[(\w+)\]$/)?.[1] ?? "";
  const isOwned = words.at(-1) === "->";
  const type = (bracket === "" && !isOwned ? words : words.slice(0, -1)).join(" ");
  const plain = { name, type, fixed: 0, counter: "" };
  if (name === "base") {
    const code = type === "TObject" ? 66 : type === "TNamed" ? 67 : 0;
    return { ...plain, name: type, type: "BASE", kind: "base", code, size: 0 };
  }
  if (/^\d+$/.test(bracket)) {
    const [code, size] = basic[type];
    const fixed = Number(bracket);
    return { ...plain, kind: "basic", code: code + 20, size: size * fixed, fixed };
  }
  if (bracket !== "") {
    const [code] = basic[type.slice(0, -1)];
    return { ...plain, kind: "array", code: code + 40, size: 8, counter: bracket };
  }
  if (type in basic) {
    const [code, size] = basic[type];
    const typeName = type === "counter" ? "int" : type === "bits" ? "unsigned int" : type;
    return { ...plain, type: typeName, kind: "basic", code, size };
  }
  if (type === "TString") return { ...plain, kind: "string", code: 65, size: 24 };
  if (type.endsWith("*"))
    return { ...plain, kind: isOwned ? "owned" : "pointer", code: isOwned ? 63 : 64, size: 8 };
  if (type in objects) return { ...plain, kind: "object", code: 61, size: objects[type] };
  return { ...plain, kind: "any", code: 62, size: others[type] };
}
