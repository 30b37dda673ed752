export function runFolder(
  base: string,
  options: { readonly resume: boolean; readonly exists: (path: string) => boolean },
): string;
