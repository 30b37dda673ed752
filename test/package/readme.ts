import { readFileSync } from "node:fs";

/** The first code block of a language in a Markdown file. */
export function codeBlock(path: string, language: string): string {
  const text = readFileSync(path, "utf8");
  const block = text.match(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "m"));
  if (!block) throw new RangeError(`${path}: no code block in ${language}`);
  return block[1];
}
