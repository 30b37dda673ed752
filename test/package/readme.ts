import { readFileSync } from "node:fs";

/** The first code block of a language in a Markdown file, without the block's indentation. */
export function codeBlock(path: string, language: string): string {
  const text = readFileSync(path, "utf8");
  const block = new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^\\1\`\`\``, "m").exec(text);
  if (!block) throw new RangeError(`${path}: no code block in ${language}`);
  return block[2].replaceAll(new RegExp(`^${block[1]}`, "gm"), "");
}
