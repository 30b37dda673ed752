import type { BlockFormat } from "./blocks.ts";
import {
  caloKinds,
  caloSlots,
  clusterWord,
  jetWord,
  linkWords,
  sumWord,
  unpackClusters,
  unpackJets,
  unpackSums,
} from "./calo-words.ts";

/** Header of a list: the count in its low 8 bits, at most 12 words. */
const list = (name: string) => ({
  name,
  headerWords: 3 as const,
  headerRest: ~0xff,
  bodyWords: (header: number) => ((header & 0xff) > caloSlots ? -1 : header & 0xff),
  countProblem: (header: number) => `${header & 0xff} ${name} announced, at most ${caloSlots}`,
});
const { jets: jetKind, egs: egKind, taus: tauKind, sums: sumKind } = caloKinds;

/**
 * Jets over TCP. All four TCP formats come from sources of their own; words without pt are
 * dropped. Source: cmssw EventFilter/L1ScoutingRawToDigi, blocks.h (caloObjTcpBlock,
 * caloSumTcpBlock), ScCALORawToDigi.cc (unpackOrbitFromTCP).
 */
export const jetFormat: BlockFormat<{ readonly jets: typeof jetKind }> = {
  ...list("jets"),
  kinds: { jets: jetKind },
  unpack(words, { at, end, bx }, into) {
    const { jets } = into.objects;
    jets.offsets[bx] = jets.offsets[bx - 1];
    unpackJets(words, { at, count: end - at, bx, slot: 0 }, jets);
    into.dropped += end - at - (jets.offsets[bx] - jets.offsets[bx - 1]);
    return null;
  },
  counts: ({ objects: { jets } }, bx) => jets.offsets[bx] - jets.offsets[bx - 1],
  pack({ objects: { jets } }, bx, words, at) {
    const from = jets.offsets[bx - 1];
    for (let i = from; i < jets.offsets[bx]; i++) words[at + i - from] = jetWord(jets, i);
  },
};

/** E/gammas over TCP. */
export const egFormat: BlockFormat<{ readonly egs: typeof egKind }> = {
  ...list("egs"),
  kinds: { egs: egKind },
  unpack(words, { at, end, bx }, into) {
    const { egs } = into.objects;
    egs.offsets[bx] = egs.offsets[bx - 1];
    unpackClusters(words, { at, count: end - at, bx, slot: 0 }, egs);
    into.dropped += end - at - (egs.offsets[bx] - egs.offsets[bx - 1]);
    return null;
  },
  counts: ({ objects: { egs } }, bx) => egs.offsets[bx] - egs.offsets[bx - 1],
  pack({ objects: { egs } }, bx, words, at) {
    const from = egs.offsets[bx - 1];
    for (let i = from; i < egs.offsets[bx]; i++) words[at + i - from] = clusterWord(egs, i);
  },
};

/** Taus over TCP. */
export const tauFormat: BlockFormat<{ readonly taus: typeof tauKind }> = {
  ...list("taus"),
  kinds: { taus: tauKind },
  unpack(words, { at, end, bx }, into) {
    const { taus } = into.objects;
    taus.offsets[bx] = taus.offsets[bx - 1];
    unpackClusters(words, { at, count: end - at, bx, slot: 0 }, taus);
    into.dropped += end - at - (taus.offsets[bx] - taus.offsets[bx - 1]);
    return null;
  },
  counts: ({ objects: { taus } }, bx) => taus.offsets[bx] - taus.offsets[bx - 1],
  pack({ objects: { taus } }, bx, words, at) {
    const from = taus.offsets[bx - 1];
    for (let i = from; i < taus.offsets[bx]; i++) words[at + i - from] = clusterWord(taus, i);
  },
};

/** Energy sums over TCP: bx and orbit without header, six words. */
export const sumFormat: BlockFormat<{ readonly sums: typeof sumKind }> = {
  name: "sums",
  kinds: { sums: sumKind },
  headerWords: 2,
  headerRest: 0,
  bodyWords: () => linkWords,
  countProblem: () => "",
  unpack(words, { at, bx }, into) {
    const { sums } = into.objects;
    sums.offsets[bx] = sums.offsets[bx - 1];
    unpackSums(words, at, sums, bx);
    return null;
  },
  counts: () => 0,
  pack({ objects: { sums } }, bx, words, at) {
    const from = sums.offsets[bx - 1];
    for (let i = from; i < sums.offsets[bx]; i++) words[at + i - from] = sumWord(sums, i);
  },
};
