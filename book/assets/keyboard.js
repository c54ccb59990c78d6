"use strict";
// What the theme's own scripts leave out for people who use a keyboard.

/**
 * When the search dialog closes, go back to where its reader was.
 * @param {HTMLElement} dialog - Has the class "show" while it is open.
 */
function returnFocusFrom(dialog) {
  let before = null;
  document.addEventListener("focusin", ({ target }) => {
    if (!dialog.contains(target)) before = target;
  });
  new MutationObserver(() => {
    const lost =
      document.activeElement === document.body ||
      dialog.contains(document.activeElement);
    if (!dialog.classList.contains("show") && lost) before?.focus();
  }).observe(dialog, { attributeFilter: ["class"] });
}

/**
 * Say whether what a button shows and hides is shown.
 * @param {HTMLElement} button - Of a box that opens and closes.
 */
function tellWhetherOpen(button) {
  const tell = () => {
    const open = !button.classList.contains("toggle-button-hidden");
    button.setAttribute("aria-expanded", String(open));
  };
  new MutationObserver(tell).observe(button, { attributeFilter: ["class"] });
  tell();
}

window.addEventListener("load", () => {
  document.querySelectorAll(".search-button__wrapper").forEach(returnFocusFrom);
  document.querySelectorAll("button.toggle-button").forEach(tellWhetherOpen);
});
