/**
 * Small pieces of page, for the scripts of the book.
 */
"use strict";

(function () {
  const SVG = "http://www.w3.org/2000/svg";

  /** Give a new element its attributes and what stands in it. */
  function filled(made, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
      made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }

  /**
   * Make an element.
   * @param {string} kind
   * @param {Object<string, string|number>} [attributes]
   * @param {...(Node|string|number)} children
   * @returns {HTMLElement}
   */
  function element(kind, attributes = {}, ...children) {
    return filled(document.createElement(kind), attributes, children);
  }

  /** @returns {SVGElement} As `element`, in a drawing. */
  function drawn(kind, attributes = {}, ...children) {
    return filled(document.createElementNS(SVG, kind), attributes, children);
  }

  /** @returns {HTMLElement} A button that does something. */
  function button(text, act, attributes = {}) {
    const made = element("button", { type: "button", ...attributes }, text);
    made.addEventListener("click", act);
    return made;
  }

  window.recslibDom = Object.freeze({ element, drawn, button });
})();
