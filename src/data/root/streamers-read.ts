import type { Reader } from "./buffer.ts";
import { itemsIn, itemsOf, numberIn, ObjectReader, type RootObject, stringIn } from "./object.ts";
import {
  type Layout,
  type Member,
  memberType,
  type StreamerInfos,
  streamerInfos,
} from "./streamer.ts";

/** The layouts that a file describes: a TList of TStreamerInfo. */
export function readStreamers(reader: Reader): StreamerInfos {
  const list = new ObjectReader(reader, streamerInfos([])).object("TList");
  const infos = itemsOf(list).filter((info) => info?.$class === "TStreamerInfo");
  return streamerInfos(infos.flatMap((info) => (info === null ? [] : [layout(info)])));
}

function layout(info: RootObject): Layout {
  return {
    className: stringIn(info, "fName"),
    version: numberIn(info, "fClassVersion"),
    checksum: numberIn(info, "fCheckSum"),
    members: itemsIn(info, "fElements").flatMap((element) =>
      element === null ? [] : [member(element)],
    ),
  };
}

function member(element: RootObject): Member {
  const type = numberIn(element, "fType");
  const fixed = type > memberType.fixedArray && type < memberType.countedArray;
  const { fCountName } = element;
  return {
    name: stringIn(element, "fName"),
    title: stringIn(element, "fTitle"),
    type: element.$class === "TStreamerBase" ? memberType.base : type,
    typeName: stringIn(element, "fTypeName"),
    length: fixed ? numberIn(element, "fArrayLength") : 1,
    counter: typeof fCountName === "string" ? fCountName : null,
  };
}
