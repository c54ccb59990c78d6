"use strict";

// Paper is white: a page that is read in the dark is printed in the light.
window.addEventListener("beforeprint", () => {
  const page = document.documentElement;
  page.dataset.themeOnScreen = page.dataset.theme;
  page.dataset.theme = "light";
});

window.addEventListener("afterprint", () => {
  const page = document.documentElement;
  page.dataset.theme = page.dataset.themeOnScreen;
  delete page.dataset.themeOnScreen;
});
