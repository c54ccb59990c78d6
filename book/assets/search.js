"use strict";
// Sphinx puts this behind its own search. Results say which part of a page
// they lead to, the glossary comes first, and a summary starts with the text
// of that part and not with the buttons of the page.

const SUMMARY_LENGTH = 240;
const CONTEXT_LENGTH = 80;

/**
 * Name the part of a page that an anchor leads to.
 * @param {number} file - Number of the page in the search index.
 * @param {string} anchor - With its "#".
 * @returns {string} A heading or a term; empty where there is neither.
 */
function partTitled(file, anchor) {
  for (const [title, places] of Object.entries(Search._index.alltitles)) {
    if (places.some(([page, id]) => page === file && "#" + id === anchor)) {
      return title;
    }
  }
  return anchor.startsWith("#term-")
    ? anchor.slice("#term-".length).replaceAll("-", " ")
    : "";
}

/**
 * Complete a result's title, and put the glossary before a chapter.
 * @param {Array} result - Page, title, anchor, description, score, file.
 * @returns {number} The result's score.
 */
Scorer.score = (result) => {
  const [page, title, anchor, description, score] = result;
  const file = Search._index.docnames.indexOf(page);
  if (anchor && !description && title === Search._index.titles[file]) {
    const part = partTitled(file, anchor);
    if (part) result[1] = `${title} > ${part}`;
  }
  return anchor.startsWith("#term-") ? score + 1 : score;
};

/**
 * Read what a result leads to.
 * @param {string} html - The whole page.
 * @param {string} anchor - With its "#"; empty for the page.
 * @returns {string} Text on one line, without headings' links.
 */
Search.htmlToText = (html, anchor) => {
  const page = new DOMParser().parseFromString(html, "text/html");
  const article = page.querySelector("article") ?? page.body;
  const id = anchor ? CSS.escape(anchor.slice(1)) : "";
  let place = (id && article.querySelector("#" + id)) || article;
  while (place.matches("dt") && place.nextElementSibling) {
    place = place.nextElementSibling;
  }
  for (const extra of place.querySelectorAll(
    ".headerlink, script, style, :scope > h1, :scope > h2, :scope > h3"
  )) {
    extra.remove();
  }
  for (const block of place.querySelectorAll("h1, h2, h3, dt, li, td, th")) {
    block.append(" ");
  }
  return place.textContent.replace(/\s+/g, " ").trim();
};

/**
 * Summarize what a result leads to.
 * @param {string} html - The whole page.
 * @param {Set<string>} keywords - What was searched for.
 * @param {string} anchor - With its "#"; empty for the page.
 * @returns {?HTMLElement} Some lines; null where there is no text.
 */
Search.makeSearchSummary = (html, keywords, anchor) => {
  const text = Search.htmlToText(html, anchor);
  if (!text) return null;
  const lower = text.toLowerCase();
  const words = [...keywords].map((word) => word.toLowerCase());
  // All of the words side by side, or else one of them.
  const found = [words.join(" "), ...words]
    .map((phrase) => lower.indexOf(phrase))
    .find((place) => place >= 0);
  // A part of a page is read from its beginning.
  const near = anchor ? 0 : (found ?? 0);
  const start =
    near <= CONTEXT_LENGTH
      ? 0
      : text.indexOf(" ", near - CONTEXT_LENGTH) + 1;
  const end = start + SUMMARY_LENGTH;
  const cut = end < text.length ? text.lastIndexOf(" ", end) : text.length;
  const summary = document.createElement("p");
  summary.classList.add("context");
  summary.textContent =
    (start ? "… " : "") +
    text.slice(start, cut) +
    (cut < text.length ? " …" : "");
  return summary;
};
