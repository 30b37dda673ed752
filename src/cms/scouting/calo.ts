import type { BlockFormat } from "./blocks.ts";
import {
  caloKinds,
  clusterWord,
  jetWord,
  linkWords,
  sumWord,
  unpackClusters,
  unpackJets,
  unpackSums,
} from "./calo-words.ts";
import type { OrbitCollection } from "./orbit-objects.ts";

/**
 * Where the eight links of a DMA block come, in words behind bx and orbit: a link word, then six
 * words. Those of one kind count from link 1; the fifth link is empty.
 */
export const caloLinks = {
  jets: [7, 0],
  egs: [21, 14],
  empty: 28,
  sums: 35,
  taus: [49, 42],
} as const;
const linkCount = 8;
const bodyWords = linkCount * (1 + linkWords);

/** Kinds of a DMA block: those of the calorimeter, and the words that hold none of them. */
export const caloDmaKinds = {
  ...caloKinds,
  /** Eight link words, then the six words of the empty link. */
  links: { perCrossing: linkCount + linkWords, columns: { word: "uint32" } },
} as const;

/**
 * Calorimeter blocks by DMA: 59 words, all objects of a crossing. Objects are in the order link 1,
 * link 2; words without pt are dropped, and counted where they have other bits.
 * Source: cmssw EventFilter/L1ScoutingRawToDigi, blocks.h (dmaBlock), ScCALORawToDigi.cc.
 */
export const caloFormat: BlockFormat<typeof caloDmaKinds> = {
  name: "calo",
  kinds: caloDmaKinds,
  headerWords: 3,
  headerRest: ~0,
  bodyWords: () => bodyWords,
  countProblem: () => "",
  unpack(words, { at, bx }, into) {
    const { jets, egs, taus, sums, links: rest } = into.objects;
    let dropped = 0;
    jets.offsets[bx] = jets.offsets[bx - 1];
    egs.offsets[bx] = egs.offsets[bx - 1];
    taus.offsets[bx] = taus.offsets[bx - 1];
    sums.offsets[bx] = sums.offsets[bx - 1];
    for (let link = 0; link < 2; link++) {
      const list = { at: 0, count: linkWords, bx, slot: linkWords * link };
      list.at = at + 1 + caloLinks.jets[link];
      dropped += unpackJets(words, list, jets);
      list.at = at + 1 + caloLinks.egs[link];
      dropped += unpackClusters(words, list, egs);
      list.at = at + 1 + caloLinks.taus[link];
      dropped += unpackClusters(words, list, taus);
    }
    unpackSums(words, at + 1 + caloLinks.sums, sums, bx);
    const { word } = rest.columns;
    let n = rest.offsets[bx - 1];
    for (let link = 0; link < linkCount; link++) word[n++] = words[at + link * (1 + linkWords)];
    for (let k = 1; k <= linkWords; k++) word[n++] = words[at + caloLinks.empty + k];
    rest.offsets[bx] = n;
    into.dropped += dropped;
    return null;
  },
  counts: () => 0,
  pack({ objects: { jets, egs, taus, sums, links: rest } }, bx, words, at) {
    const put = (places: readonly number[], list: OrbitCollection, word: (i: number) => number) => {
      const { slot } = list.columns;
      for (let i = list.offsets[bx - 1]; i < list.offsets[bx]; i++)
        words[at + 1 + places[slot[i] < linkWords ? 0 : 1] + (slot[i] % linkWords)] = word(i);
    };
    put(caloLinks.jets, jets, (i) => jetWord(jets, i));
    put(caloLinks.egs, egs, (i) => clusterWord(egs, i));
    put(caloLinks.taus, taus, (i) => clusterWord(taus, i));
    const sumAt = sums.offsets[bx - 1];
    for (let k = 0; k < sums.offsets[bx] - sumAt; k++)
      words[at + 1 + caloLinks.sums + k] = sumWord(sums, sumAt + k);
    const from = rest.offsets[bx - 1];
    for (let k = 0; k < rest.offsets[bx] - from; k++)
      words[at + (k < linkCount ? k * (1 + linkWords) : caloLinks.empty + 1 + k - linkCount)] =
        rest.columns.word[from + k];
  },
};
