/**
 * Finds a film by what a person types: `recslib/titles.py` once more, for
 * scripts of the pages. Both are tested with `tests/titles.json`.
 */
"use strict";

(function () {
  const ARTICLES =
    "The|A|An|La|Le|Les|L'|Un|Une|Il|Lo|I|Gli|El|Los|Las|Una|Uno" +
    "|Das|Der|Die|Den|Det|De|Het|Ein|Eine|En|Ett|O|Os";
  const ARTICLE_BEHIND = new RegExp(
    `^(\\s*(?:a\\.k\\.a\\. )?)(.+), (${ARTICLES})(\\s*)$`,
    "i",
  );
  // "(V)" marks films that came out on video only; series end "(1994-1998)".
  const YEAR_BEHIND = /\s*\((\d{4})(?:[-\u2013]\d{0,4})?\)(?:\s*\(V\))?\s*$/;
  // What a person may leave out, or put elsewhere.
  const SMALL_WORDS = new Set([
    ...ARTICLES.toLowerCase().replaceAll("'", "").split("|"),
    ...["and", "d", "et", "of"],
  ]);
  const APOSTROPHES = "'`\u00b4\u02b9\u02bb\u02bc\u2018\u2019\u201b\u2032";
  // "L'Avventura" is looked for as "lavventura" and as "avventura".
  const CUT_SHORT = new RegExp(`(^|[\\s(-])([dl])[${APOSTROPHES}]`, "gim");
  // The marks are accents, and what sounds a Japanese sign otherwise.
  const VANISHING = new RegExp(
    `[${APOSTROPHES}.*\u0300-\u036f\u3099\u309a]`,
    "g",
  );
  // Letters that are no other letter with an accent.
  const SPELLED_OUT = {
    ß: "ss",
    æ: "ae",
    œ: "oe",
    ø: "o",
    ł: "l",
    đ: "d",
    ð: "d",
    þ: "th",
    ħ: "h",
    "\u0131": "i",
    "\u03c2": "\u03c3",
  };
  const SPELLED = new RegExp(`[${Object.keys(SPELLED_OUT).join("")}]`, "g");
  // Chinese and Japanese put no blanks between words: each sign is one.
  const WORDS_ALONE = /[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff]/g;

  /**
   * Part a title from the year in brackets behind it.
   * @param {string} title
   * @returns {[string, number|null]} The year is null where there is none.
   */
  function splitYear(title) {
    const match = YEAR_BEHIND.exec(title);
    return match && match.index > 0
      ? [title.slice(0, match.index).trim(), Number(match[1])]
      : [title.trim(), null];
  }

  /** @returns {number} The latest year behind a title; 0 for none. */
  function newestYear(titles) {
    return Math.max(0, ...titles.map((title) => splitYear(title)[1] ?? 0));
  }

  /**
   * Move an article behind a title to its front, in brackets too.
   * @param {string} title
   * @returns {string}
   */
  function articleInFront(title) {
    return title
      .split(/([()])/)
      .map((part) => {
        const match = ARTICLE_BEHIND.exec(part);
        if (!match) return part;
        const [, before, name, article, after] = match;
        const gap = article.endsWith("'") ? "" : " ";
        return before + article + gap + name + after;
      })
      .join("");
  }

  /**
   * Part a text into plain words, its article in front: no case, accents or
   * signs.
   * @param {string} text
   * @returns {string[]}
   */
  function wordsOf(text) {
    return (
      articleInFront(text.trim().split(/\s+/).join(" "))
        // An acute accent that stands alone would become a blank.
        .replaceAll("\u00b4", "'")
        .normalize("NFKD")
        .toLowerCase()
        .replaceAll("...", " ")
        .replace(VANISHING, "")
        .replace(SPELLED, (letter) => SPELLED_OUT[letter])
        .replaceAll("&", " and ")
        .replace(WORDS_ALONE, " $& ")
        .match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
    );
  }

  /**
   * Leave small words out, unless nothing else is there.
   * @param {string[]} words
   * @returns {string[]}
   */
  function telling(words) {
    const left = words.filter((word) => !SMALL_WORDS.has(word));
    return left.length ? left : words;
  }

  /**
   * Make titles ready for `search`: once, for it takes longest.
   * @param {string[]} titles
   * @returns {{name: string[], whole: string[]}[][]} The ways, one or two, in
   *   which each is read: its words without the year and with it.
   */
  function searched(titles) {
    return titles.map((title) => {
      const front = articleInFront(title);
      const ways = new Set([front, front.replace(CUT_SHORT, "$1$2 ")]);
      return [...ways].map((way) => ({
        name: wordsOf(splitYear(way)[0]),
        whole: wordsOf(way),
      }));
    });
  }

  /**
   * Say whether each part begins a word, each another one.
   * @param {string[]} words
   * @param {string[]} parts
   * @returns {boolean}
   */
  function begun(words, parts) {
    const left = [...words];
    // Where one part begins another, the longer one has less to choose from.
    return parts
      .toSorted((a, b) => b.length - a.length)
      .every((part) => {
        const place = left.findIndex((word) => word.startsWith(part));
        if (place >= 0) left.splice(place, 1);
        return place >= 0;
      });
  }

  /** @returns {number} 0 for the title itself, 1 for its beginning, else 2. */
  function likeness(name, whole, wanted) {
    const text = wanted.join(" ");
    if (text === name.join(" ") || text === whole.join(" ")) return 0;
    return whole.join(" ").startsWith(text) ? 1 : 2;
  }

  /**
   * Find the titles that a person may mean. Every word typed begins a word
   * of the title, each another one; small words like "the" need not, unless
   * nothing else was typed.
   * @param {Object[][]} titles From `searched`, those first that people ask
   *   for most.
   * @param {string} text What was typed.
   * @returns {number[]} Places in `titles`: first where the text is the
   *   title, then where the title begins with it, then the rest. Within each
   *   come first those with the small words that were typed, and then it is
   *   the order of `titles` that counts. No words find nothing.
   */
  function search(titles, text) {
    const typed = wordsOf(text);
    const wanted = telling(typed);
    if (!typed.length) return [];
    // Where only small words were typed, those of a title are looked at too.
    const pick = SMALL_WORDS.has(wanted[0]) ? (words) => words : telling;
    const rank = ({ name, whole }) =>
      2 * likeness(pick(name), pick(whole), wanted) +
      Number(!begun(whole, typed));
    return titles
      .map((ways, place) => ({
        place,
        ways: ways.filter(({ whole }) => begun(whole, wanted)),
      }))
      .filter(({ ways }) => ways.length)
      .map(({ place, ways }) => ({
        place,
        rank: Math.min(...ways.map(rank)),
      }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ place }) => place);
  }

  const titles = Object.freeze({
    newestYear,
    search,
    searched,
    splitYear,
    wordsOf,
  });
  if (typeof module === "object") module.exports = titles;
  else window.recslibTitles = titles;
})();
