import { useEffect, useLayoutEffect, useState } from "preact/hooks";

export type Theme = "light" | "dark";

const key = "forty-theme";

/** Light or dark: what the system says until the reader says otherwise, which is remembered. */
export function useTheme(): { readonly theme: Theme; readonly toggle: () => void } {
  const [system] = useState(() => matchMedia("(prefers-color-scheme: dark)"));
  const [theme, setTheme] = useState<Theme>(
    () => remembered() ?? (system.matches ? "dark" : "light"),
  );
  // Before the effects of the charts, which read their colors from the page.
  useLayoutEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  useEffect(() => {
    const follow = () => {
      if (remembered() === null) setTheme(system.matches ? "dark" : "light");
    };
    system.addEventListener("change", follow);
    return () => system.removeEventListener("change", follow);
  }, [system]);
  return {
    theme,
    toggle() {
      const next = theme === "dark" ? "light" : "dark";
      setTheme(next);
      try {
        localStorage.setItem(key, next);
      } catch {} // a browser that keeps nothing: for this visit only
    },
  };
}

function remembered(): Theme | null {
  try {
    const theme = localStorage.getItem(key);
    return theme === "light" || theme === "dark" ? theme : null;
  } catch {
    return null;
  }
}
