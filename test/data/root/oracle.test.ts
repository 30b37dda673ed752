import { existsSync, globSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type RootFile, openRoot } from "../../../src/data/root/file.ts";
import { openFileSource } from "../../../src/data/root/source-node.ts";
import type { RootColumn, RootTree } from "../../../src/data/root/tree.ts";
import { type JsBranch, type JsTree, openJs, readJs, walkJs } from "./jsroot.ts";

const shared = "../shared/data";
const present = existsSync(shared);
if (!present) console.warn("skipped: ../shared/data is absent, no real ROOT files to compare");
