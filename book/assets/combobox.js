/**
 * The box that finds a film by its title: the combobox of the ARIA practices,
 * with a list that pops up and its first line chosen. Needs `dom.js`.
 */
"use strict";

(function () {
  const { element } = window.recslibDom ?? {};
  const N_LISTED = 8;
  const STEPS = { ArrowDown: 1, ArrowUp: -1 };

  /**
   * Say how many titles were found.
   * @param {number} n
   * @param {number} newest Year of the newest film, 0 where it is unknown.
   * @returns {string}
   */
  function foundInWords(n, newest) {
    if (n > N_LISTED) return `${n} films; the first ${N_LISTED} are listed.`;
    if (n > 0) return n === 1 ? "1 film." : `${n} films.`;
    const said = "No title here has these words.";
    return newest ? `${said} The newest film is of ${newest}.` : said;
  }

  /**
   * Make the parts of a box, which does nothing yet.
   * @param {string} id Of the field; the ids of its list begin with it.
   * @param {string} placeholder
   * @returns {{label: HTMLElement, field: HTMLElement, list: HTMLElement}}
   *   Put the list right behind the field.
   */
  function partsOf(id, placeholder) {
    const label = element("label", { for: id }, "Find a film");
    const field = element("input", {
      id,
      type: "text",
      role: "combobox",
      "aria-expanded": "false",
      "aria-controls": `${id}-list`,
      "aria-autocomplete": "list",
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
      placeholder,
    });
    const list = element("ul", {
      id: `${id}-list`,
      role: "listbox",
      "aria-label": "Films found",
      hidden: "",
    });
    return { label, field, list };
  }

  /**
   * Let a box suggest films while a title is typed.
   * @param {Object} parts From `partsOf`.
   * @param {Object} act
   * @param {number} act.newest As in `foundInWords`.
   * @param {function(string): number[]} act.find Films for what is typed.
   * @param {function(number): Node[]} act.describe What stands in a line.
   * @param {function(number)} act.choose Called with the film that is taken.
   * @param {function(string)} act.say Called with what has no place in the
   *   list: how many were found, or nothing.
   * @param {function()} [act.changed] Called after each change of the text.
   * @returns {function(string)} Puts a text there that nobody typed.
   */
  function serve({ field, list }, act) {
    const { newest, find, describe, choose, say, changed = () => {} } = act;
    let listed = [];
    let active = 0;

    /** Close the list. */
    function close() {
      list.hidden = true;
      list.replaceChildren();
      field.setAttribute("aria-expanded", "false");
      field.removeAttribute("aria-activedescendant");
    }

    /** Go to one line of the list, round its ends. */
    function point(row) {
      active = (row + listed.length) % listed.length;
      [...list.children].forEach((line, number) => {
        line.setAttribute("aria-selected", String(number === active));
      });
      const line = list.children[active];
      field.setAttribute("aria-activedescendant", line.id);
      line.scrollIntoView({ block: "nearest" });
    }

    /** Hand on the film of a line. */
    function take(row) {
      const item = listed[row];
      close();
      choose(item);
    }

    /** Make one line of the list. */
    function lineOf(item, row) {
      const attributes = { id: `${list.id}-${row}`, role: "option" };
      const line = element("li", attributes, ...describe(item));
      line.addEventListener("click", () => take(row));
      return line;
    }

    /** List the films that match what is typed. */
    function open() {
      const found = find(field.value);
      const typed = field.value.trim() !== "";
      listed = found.slice(0, N_LISTED);
      say(typed ? foundInWords(found.length, newest) : "");
      close();
      if (!listed.length) return;
      list.append(...listed.map(lineOf));
      list.hidden = false;
      field.setAttribute("aria-expanded", "true");
      point(0);
    }

    /** Put a text into the field. */
    function write(text) {
      field.value = text;
      say("");
      close();
      changed();
    }

    field.addEventListener("input", () => {
      open();
      changed();
    });
    field.addEventListener("blur", close);
    field.addEventListener("keydown", (event) => {
      // A key that only ends the writing of a Japanese word, say.
      if (event.isComposing) return;
      const step = STEPS[event.key];
      if (step && list.hidden) open();
      else if (step) point(active + step);
      else if (event.key === "Enter" && !list.hidden) take(active);
      else if (event.key === "Escape" && !list.hidden) close();
      else if (event.key === "Escape") write("");
      else return;
      event.preventDefault();
    });
    // A press would take the focus from the field, and close the list.
    list.addEventListener("mousedown", (event) => event.preventDefault());

    return write;
  }

  window.recslibCombobox = Object.freeze({ partsOf, serve });
})();
