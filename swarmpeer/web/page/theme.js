// Light, dark, or as the system has it; remembered if the browser lets us.

import { byId, say, set } from "./dom.js";

const KEY = "swarmpeer-theme";
const THEMES = ["system", "light", "dark"];

export function startTheme(changed) {
  const button = byId("theme");
  let theme = "system";
  try {
    theme = localStorage.getItem(KEY) ?? theme;
  } catch {
    // Nothing is kept; the switch works all the same.
  }
  const show = () => {
    set(document.documentElement, "data-theme", theme === "system" ? null : theme);
    say(button, `Theme: ${theme}`);
    changed();
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // As above.
    }
    show();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  show();
}
