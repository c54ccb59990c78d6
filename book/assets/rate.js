/**
 * The page "Rate ten films": a reader rates, and four lists answer at once.
 *
 * Everything happens here: the models come with the page (`recommend.js`),
 * and what the reader rates is kept in the address, behind the `#`, which
 * browsers do not send.
 */
"use strict";

(function () {
  const { element, button } = window.recslibDom ?? {};
  const { newestYear, search, searched } = window.recslibTitles ?? {};
  const VERSION = 1;
  const N_LISTED = 10;
  const N_SUGGESTED = { first: 6, later: 3 };

  // What needs no page ------------------------------------------------------

  /**
   * Choose films that many know and that lie far apart on the map.
   * @param {Object} model From `recslib.decode`.
   * @param {number} n How many.
   * @returns {number[]} Row indexes, the most rated film first.
   */
  function tellingFilms(model, n) {
    const known = [...model.counts.keys()]
      .sort((a, b) => model.counts[b] - model.counts[a])
      .slice(0, 60);
    const { x, y } = model.map;
    const apart = (a, b) => Math.hypot(x[a] - x[b], y[a] - y[b]);
    const chosen = known.slice(0, 1);
    while (chosen.length < Math.min(n, known.length)) {
      const gap = (item) =>
        Math.min(...chosen.map((other) => apart(item, other)));
      const left = known.filter((item) => !chosen.includes(item));
      chosen.push(left.reduce((a, b) => (gap(b) > gap(a) ? b : a)));
    }
    return chosen;
  }

  /** @returns {number[]} The whole stars of a scale. */
  function starChoices([low, high]) {
    const first = Math.ceil(low);
    return Array.from({ length: high - first + 1 }, (_, k) => first + k);
  }

  /**
   * Write ratings behind the `#` of an address.
   * @param {{item: number, stars: number}[]} rated In their order.
   * @param {number} nItems So that a link made for other films is noticed.
   * @returns {string} "#v1-1682-49x5-171x4"; "" for nothing. Stars below 0
   *   are written "49xm5", for a hyphen parts the ratings.
   */
  function toAddress(rated, nItems) {
    const parts = rated.map(
      ({ item, stars }) => `${item}x${stars < 0 ? "m" : ""}${Math.abs(stars)}`,
    );
    return parts.length ? `#v${VERSION}-${nItems}-${parts.join("-")}` : "";
  }

  /**
   * Read ratings from behind the `#`; whatever stands there, no error.
   * @param {string} hash
   * @param {number} nItems
   * @param {number[]} choices Stars that a film can get.
   * @returns {{rated: {item: number, stars: number}[], problem: string}}
   *   `problem` says in words what could not be read, "" for none.
   */
  function fromAddress(hash, nItems, choices) {
    const nothing = (problem) => ({ rated: [], problem });
    const match = /^#v(\d+)-(\d+)(?:-(.*))?$/.exec(hash);
    if (!match) {
      return nothing(
        hash.length > 1
          ? "The end of the address is no list of ratings, so nothing was " +
              "loaded. Was the link cut off?"
          : "",
      );
    }
    if (Number(match[1]) !== VERSION) {
      return nothing(
        `The link comes from version ${match[1]} of this page, and this is ` +
          `version ${VERSION}: nothing was loaded.`,
      );
    }
    if (Number(match[2]) !== nItems) {
      return nothing(
        `The link was made for ${Number(match[2]).toLocaleString("en")} ` +
          `films, and here are ${nItems.toLocaleString("en")}: its numbers ` +
          `would name other films, so nothing was loaded.`,
      );
    }
    const parts = (match[3] || "").split("-");
    const starsOf = new Map(); // keeps the order of the ratings
    for (const part of new Set(parts)) { // repeats say nothing new
      const [, digits, minus, size] = /^(\d+)x(m?)(\d+)$/.exec(part) || [];
      const item = Number(digits);
      const stars = minus ? -Number(size) : Number(size);
      const known = item < nItems && choices.includes(stars);
      if (known && !starsOf.has(item)) {
        starsOf.set(item, stars);
      }
    }
    const rated = [...starsOf].map(([item, stars]) => ({ item, stars }));
    const lost = parts.length - rated.length;
    const problem = lost
      ? `${lost} of ${parts.length} ratings in the link could not be read ` +
        `and are left out. Was it cut off?`
      : "";
    return { rated, problem };
  }

  /**
   * Rank films by their scores.
   * @param {ArrayLike<number>} scores One a film.
   * @param {Set<number>} leftOut
   * @returns {number[]} Row indexes, the best first.
   */
  function ranked(scores, leftOut) {
    return [...Array.from(scores).keys()]
      .filter((item) => !leftOut.has(item))
      .sort((a, b) => scores[b] - scores[a] || a - b);
  }

  /**
   * List the best films, and how many places each has moved.
   * @param {ArrayLike<number>} scores One a film.
   * @param {ArrayLike<number>} before The same before the last change.
   * @param {Set<number>} leftOut Rated by now. They are left out of the old
   *   order too, so that a film that is gone moves nobody.
   * @returns {{item: number, move: number}[]} `move` is above 0 for up.
   */
  function listed(scores, before, leftOut) {
    const places = new Map();
    ranked(before, leftOut).forEach((item, place) => places.set(item, place));
    return ranked(scores, leftOut)
      .slice(0, N_LISTED)
      .map((item, place) => ({ item, move: places.get(item) - place }));
  }

  /**
   * Decode a part of an address, or leave it where it is no such thing.
   * @param {string} text
   * @returns {string}
   */
  function plainText(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  }

  /** @returns {string} "1 star", "5 stars". */
  function starsInWords(stars) {
    return stars === 1 ? "1 star" : `${stars} stars`;
  }

  // Small pieces of page ----------------------------------------------------

  /** @returns {HTMLElement} For ears alone. */
  function unseen(text) {
    return element("span", { class: "rate-unseen" }, text);
  }

  /** @returns {HTMLElement} For eyes alone. */
  function silent(text) {
    return element("span", { "aria-hidden": "true" }, text);
  }

  /** @returns {(Node|string)[]} "4.3 ★" and, for ears, "4.3 stars". */
  function amount(number, unit) {
    return unit === "stars"
      ? [`${number}`, silent(" ★"), unseen(number === 1 ? " star" : " stars")]
      : [`${number}`, element("small", {}, ` ${unit}`)];
  }

  // Films that the reader rates ---------------------------------------------

  /**
   * Make the line of one film: title, stars, a button to take it out.
   * @param {number} item
   * @param {string} title
   * @param {number[]} choices Stars to choose from.
   * @param {function(number, number)} rate Called with film and stars.
   * @param {function(number)} remove
   * @returns {HTMLElement} An `li`; `show(stars)` and `focusStars()` on it.
   */
  function ratedLine(item, title, choices, rate, remove) {
    const name = element("span", { id: `rate-film-${item}` }, title);
    const value = element("span", { class: "rate-value" });
    const inputs = choices.map((stars) => {
      const input = element("input", {
        type: "radio",
        name: `rate-stars-${item}`,
        value: String(stars),
        "aria-label": starsInWords(stars),
      });
      input.addEventListener("change", () => rate(item, stars));
      return input;
    });
    const labels = inputs.map((input) =>
      element("label", {}, input, silent("")),
    );
    const group = element(
      "div",
      {
        class: "rate-stars",
        role: "radiogroup",
        "aria-labelledby": name.id,
      },
      ...labels,
    );
    // Digits choose as well, so that rating by keyboard takes one key.
    group.addEventListener("keydown", (event) => {
      const place = choices.indexOf(Number(event.key));
      if (place >= 0 && !event.ctrlKey && !event.metaKey && !event.altKey) {
        inputs[place].focus();
        inputs[place].click();
      }
    });
    const out = button("×", () => remove(item), {
      class: "rate-remove",
      "aria-label": `Remove ${title}`,
      title: "Remove",
    });
    const line = element("li", {}, name, group, value, out);
    line.show = (stars) => {
      inputs.forEach((input, place) => {
        input.checked = choices[place] === stars;
        labels[place].classList.toggle("rate-full", choices[place] <= stars);
      });
      value.textContent = stars ? String(stars) : "?";
    };
    line.focusStars = () =>
      (inputs.find((input) => input.checked) || inputs[0]).focus();
    line.focusRemove = () => out.focus();
    return line;
  }

  // The lists ---------------------------------------------------------------

  /**
   * Describe the four lists.
   * @param {Object} model From `recslib.decode`.
   * @param {Object} network From `recslib.decodeNetwork`.
   * @param {Object|null} lstm From `recslib.decodeLstm`.
   * @returns {Object[]} Each with `name`, `title`, `note`, and `answer`, which
   *   takes items and stars and gives `scores`, the best first, and what is
   *   `shown` of each film; `unit` is "stars" or "ratings", and `shared`
   *   stands beside films that are in the other of the first two lists.
   */
  function listsOf(model, network, lstm) {
    const { foldIn, scores, rankingScores, listen, baselineScores } =
      window.recslib;
    const same = (values) => ({ scores: values, shown: values });
    return [
      {
        name: "you",
        title: "For you",
        short: "For you",
        note:
          "A network ranks what you have not rated. The stars are those of " +
          "a matrix factorization.",
        unit: "stars",
        shared: "popular too",
        answer: (items, stars) => ({
          scores: items.length
            ? rankingScores(network, items, stars)
            : model.counts,
          shown: scores(model, foldIn(model, items, stars)),
        }),
      },
      {
        name: "popular",
        title: "Most popular",
        short: "Popular",
        note: "What most people rated, without the films that you have rated.",
        unit: "ratings",
        shared: "for you too",
        answer: () => same(model.counts),
      },
      lstm && {
        name: "lstm",
        title: "LSTM",
        short: "LSTM",
        note: "It hears your ratings in their order, and mends a fold-in.",
        unit: "stars",
        answer: (items, stars) => same(listen(model, lstm, items, stars)),
      },
      {
        name: "biases",
        title: "Damped biases",
        short: "Biases",
        note:
          "Mean + your bias + the film’s. You move the stars, never the order.",
        unit: "stars",
        answer: (items, stars) => same(baselineScores(model, items, stars)),
      },
    ].filter(Boolean);
  }

  /**
   * Mark the films that are in both of two lists as `shared`.
   * @param {Object[]} one Films, each with its `item`.
   * @param {Object[]} other
   */
  function markShared(one, other) {
    for (const [films, beside] of [[one, other], [other, one]]) {
      const items = new Set(beside.map((film) => film.item));
      films.forEach((film) => {
        film.shared = items.has(film.item);
      });
    }
  }

  /**
   * Find the rating without which a film would fall furthest.
   * @param {{item: number, stars: number}[]} rated
   * @param {number[]} changes One a rating, from `recslib.leaveEachOut`.
   * @returns {{item: number, stars: number}|null} Null where none speaks
   *   for the film. Of equals, the one of the film that comes first.
   */
  function strongest(rated, changes) {
    const order = [...rated.keys()].sort(
      (a, b) => changes[b] - changes[a] || rated[a].item - rated[b].item,
    );
    return changes[order[0]] > 0 ? rated[order[0]] : null;
  }

  /**
   * Say in a few words what speaks most for a film.
   * @param {string[]} titles
   * @param {{item: number, stars: number}|null} found From `strongest`.
   * @returns {(Node|string)[]}
   */
  function because(titles, found) {
    return found
      ? [
          `speaks most for it: ${titles[found.item]}, `,
          element("span", {}, "your ", ...amount(found.stars, "stars")),
        ]
      : [
          "none of your ratings speaks for it: it is here because it is " +
            "popular",
        ];
  }

  /**
   * Show how many places a film has moved.
   * @param {number} places Above zero for up.
   * @returns {HTMLElement}
   */
  function moved(places) {
    if (!places) {
      return element("span", { class: "rate-moved" });
    }
    const way = places > 0 ? "up" : "down";
    const far = Math.abs(places);
    return element(
      "span",
      { class: `rate-moved rate-${way}` },
      silent(`${places > 0 ? "▲" : "▼"} ${far}`),
      unseen(`, ${way} ${far} ${far === 1 ? "place" : "places"}`),
    );
  }

  /** @returns {HTMLElement} A list under its name, `list.node` for lines. */
  function listSection(list) {
    list.node = element("ol", {});
    return element(
      "section",
      {
        class: "rate-list",
        id: `rate-list-${list.name}`,
        "aria-labelledby": `rate-name-${list.name}`,
      },
      element("h2", { id: `rate-name-${list.name}` }, list.title),
      element("p", {}, list.note),
      list.node,
    );
  }

  /**
   * Make the buttons that choose a list where one is shown at a time.
   * @param {Object[]} lists From `listsOf`.
   * @param {HTMLElement} shownIn Its `data-shown` names the list.
   * @returns {HTMLElement}
   */
  function switcher(lists, shownIn) {
    const options = lists.map((list, place) => {
      const input = element("input", {
        type: "radio",
        name: "rate-shown",
        value: list.name,
      });
      input.checked = place === 0;
      input.addEventListener("change", () => {
        shownIn.dataset.shown = list.name;
      });
      return element(
        "label",
        {},
        input,
        element("span", {}, list.short),
      );
    });
    shownIn.dataset.shown = lists[0].name;
    return element(
      "div",
      {
        class: "rate-switch",
        role: "radiogroup",
        "aria-label": "Show the list of",
      },
      ...options,
    );
  }

  // The page ----------------------------------------------------------------

  /**
   * Fill the page.
   * @param {HTMLElement} root Where it goes.
   * @param {Object} films `window.recslibFilms`.
   * @param {Object} ranker `window.recslibNetwork`, of the same films.
   * @param {Object} [listener] `window.recslibLstm`.
   */
  function start(root, films, ranker, listener) {
    const model = window.recslib.decode(films);
    const network = window.recslib.decodeNetwork(ranker);
    const fits = listener && listener.of === model.fingerprint;
    const lstm = fits ? window.recslib.decodeLstm(listener, model) : null;
    const lists = listsOf(model, network, lstm);
    const byCount = ranked(model.counts, new Set());
    const inOrder = searched(byCount.map((item) => model.titles[item]));
    const suggested = tellingFilms(model, 24);
    const [low, high] = model.scale;
    const choices = starChoices(model.scale);
    const twice = new Set(
      model.titles.filter((title, row) => model.titles.indexOf(title) < row),
    );

    // In the order in which the ratings were made; the newest line is first.
    let rated = [];
    let cleared = [];
    const lines = new Map();
    let waiting = null; // a film that was chosen and has no stars yet
    let before = null; // scores before the last change, by list

    const starsOf = (item) => {
      const found = rated.find((each) => each.item === item);
      return found ? found.stars : 0;
    };

    const describe = (item) => {
      const count = model.counts[item];
      const facts = [`${count} ${count === 1 ? "rating" : "ratings"}`];
      if (model.genres.length && model.genres[item].length) {
        facts.push(model.genres[item].join(", "));
      }
      if (twice.has(model.titles[item])) {
        facts.push(`no. ${item + 1} in the data`);
      }
      if (starsOf(item)) {
        facts.push(`you gave it ${starsOf(item)}`);
      }
      return [
        element("span", {}, model.titles[item]),
        element("small", {}, unseen(", "), facts.join(" · ")),
      ];
    };

    const found = element("p", { class: "rate-said", role: "status" });
    const { partsOf, serve } = window.recslibCombobox;
    const box = partsOf(
      "rate-search",
      "fargo, miserables, star wars …",
    );
    const write = serve(box, {
      newest: newestYear(model.titles),
      find: (text) => search(inOrder, text).map((place) => byCount[place]),
      describe,
      choose(item) {
        write("");
        choose(item);
      },
      say: (text) => found.replaceChildren(text),
    });
    const searching = element(
      "div",
      { class: "rate-search" },
      box.label,
      element("div", { class: "rate-box" }, box.field, box.list),
      found,
    );
    const problem = element("p", { class: "rate-problem", role: "alert" });
    const ideas = element("div", { class: "rate-ideas" });
    const count = element("p", { class: "rate-count" });
    const linesNode = element("ul", { class: "rate-lines" });
    const said = element("p", { class: "rate-status", role: "status" });
    const hint = element("p", { class: "rate-hint" });
    const copied = element("p", { class: "rate-said", role: "status" });
    const link = element("input", {
      class: "rate-link",
      type: "text",
      readonly: "",
      "aria-label": "The link",
      hidden: "",
    });
    const copy = button("Copy link", () => copyLink());
    const clear = button("Clear all", () => clearAll());
    const actions = element("div", { class: "rate-actions" }, copy, clear);

    /** Show a film among the rated ones, without stars, and go to it. */
    function choose(item) {
      if (waiting !== null && waiting !== item) {
        lines.get(waiting).remove();
        lines.delete(waiting);
        waiting = null;
      }
      if (!lines.has(item)) {
        addLine(item);
        waiting = item;
      }
      showRated();
      lines.get(item).scrollIntoView({ block: "nearest" });
      lines.get(item).focusStars();
    }

    function addLine(item) {
      const title = model.titles[item];
      const line = ratedLine(item, title, choices, rate, remove);
      lines.set(item, line);
      linesNode.prepend(line);
    }

    /** Take a rating in, or another one for the same film. */
    function rate(item, stars) {
      const found = rated.findIndex((each) => each.item === item);
      const given = { item, stars };
      waiting = null;
      changeTo(
        found < 0
          ? [...rated, given]
          : rated.map((each) => (each.item === item ? given : each)),
        `${model.titles[item]}: ${starsInWords(stars)}.`,
      );
    }

    /** Take a film out, and go to the line that takes its place. */
    function remove(item) {
      const line = lines.get(item);
      const next = line.nextElementSibling || line.previousElementSibling;
      line.remove();
      lines.delete(item);
      if (next) {
        next.focusRemove();
      } else {
        box.field.focus();
      }
      if (waiting === item) {
        waiting = null;
        showRated();
        return;
      }
      changeTo(
        rated.filter((each) => each.item !== item),
        `${model.titles[item]} is taken out.`,
      );
    }

    /** Take all films out, or bring them back. */
    function clearAll() {
      const back = cleared;
      cleared = rated.length ? rated : [];
      load(...(rated.length ? [[], "All cleared."] : [back, "Back again."]));
      if (!rated.length) {
        box.field.focus();
      }
    }

    /** Start anew from a list of ratings. */
    function load(ratings, what) {
      rated = [];
      waiting = null;
      before = null;
      lines.clear();
      linesNode.replaceChildren();
      ratings.forEach(({ item }) => addLine(item));
      changeTo(ratings, what);
    }

    function changeTo(ratings, what) {
      rated = ratings;
      problem.textContent = "";
      if (rated.length) {
        cleared = [];
      }
      keepInAddress();
      showRated();
      showLists(what);
    }

    function keepInAddress() {
      const { pathname, search: query, hash } = window.location;
      const wanted = toAddress(rated, model.nItems);
      if (wanted !== hash) {
        history.replaceState(null, "", wanted || pathname + query);
      }
      link.hidden = true;
      copied.textContent = "";
    }

    function showRated() {
      lines.forEach((line, item) => line.show(starsOf(item)));
      const left = suggested.filter((item) => !lines.has(item));
      ideas.replaceChildren(
        lines.size
          ? element("span", { class: "rate-later" }, "Or:")
          : element("span", {}, "For a start:"),
        ...left
          .slice(0, lines.size ? N_SUGGESTED.later : N_SUGGESTED.first)
          .map((item) => button(model.titles[item], () => choose(item))),
      );
      count.textContent =
        rated.length > 1 ? `${rated.length} rated, the newest first` : "";
      copy.disabled = !rated.length;
      clear.disabled = !rated.length && !cleared.length;
      clear.textContent =
        !rated.length && cleared.length ? "Bring them back" : "Clear all";
      hint.textContent =
        {
          0:
            "Nothing is rated yet, so your list is the popular one, as for " +
            "everybody who comes. That is cold start.",
          1:
            "One rating says little: you get what people like who think the " +
            "same of that film. Rate something very different next.",
        }[rated.length] || "";
    }

    /** Work the lists out anew, and say what has changed. */
    function showLists(what) {
      const items = rated.map((each) => each.item);
      const stars = rated.map((each) => each.stars);
      const leftOut = new Set(items);
      const now = {};
      const films = {};
      for (const list of lists) {
        const { scores, shown: values } = list.answer(items, stars);
        const old = before ? before[list.name] : scores;
        now[list.name] = scores;
        films[list.name] = listed(scores, old, leftOut).map((film) => ({
          ...film,
          value: values[film.item],
        }));
      }
      // Before the first rating, one list is the other.
      if (rated.length) {
        explain(films.you);
        markShared(films.you, films.popular);
      }
      for (const list of lists) {
        list.node.replaceChildren(
          ...films[list.name].map((film) => listLine(list, film)),
        );
      }
      said.textContent = what && `${what} ${inWords(films.you)}`;
      before = now;
    }

    /** Give each film a `reason`: which rating speaks most for it. */
    function explain(films) {
      const changes = window.recslib.leaveEachOut(
        network,
        rated.map((each) => each.item),
        rated.map((each) => each.stars),
        films.map((film) => film.item),
      );
      films.forEach((film, place) => {
        const found = strongest(rated, changes[place]);
        film.reason = because(model.titles, found);
      });
    }

    /** Say what comes first now, and which listed film climbed most. */
    function inWords(films) {
      if (!films.length) {
        return "No film is left.";
      }
      const [first] = films;
      const climber = films.reduce((a, b) => (b.move > a.move ? b : a));
      const top = `First: ${model.titles[first.item]}, ${shown(first.value)}.`;
      return climber.move > 0 && climber.item !== first.item
        ? `${top} Climbed most: ${model.titles[climber.item]}, by ` +
            `${climber.move} to place ${films.indexOf(climber) + 1}.`
        : top;
    }

    function shown(score) {
      return Math.min(Math.max(score, low), high).toFixed(1);
    }

    function listLine(list, { item, move, value, shared, reason = [] }) {
      const title = button(model.titles[item], () => choose(item), {
        class: "rate-title",
        title: "Seen it? Rate it.",
      });
      const number = list.unit === "stars" ? shown(value) : value;
      const line = element(
        "li",
        {},
        element(
          "div",
          { class: "rate-row" },
          title,
          element(
            "span",
            { class: "rate-score" },
            ...amount(number, list.unit),
          ),
          moved(move),
        ),
      );
      const mark = element("span", { class: "rate-shared" }, list.shared);
      const marked = shared ? [mark, unseen("."), " "] : [];
      const below = [...marked, ...reason];
      if (below.length) {
        line.append(element("p", { class: "rate-why" }, ...below));
      }
      return line;
    }

    async function copyLink() {
      try {
        await navigator.clipboard.writeText(window.location.href);
        copied.textContent = "The link is copied.";
      } catch {
        // No leave, or a page that is not secure: the reader copies.
        link.value = window.location.href;
        link.hidden = false;
        link.focus();
        link.select();
        copied.textContent = "Copy the link from the box.";
      }
    }

    /** Take up what the address says, when the reader opens another link. */
    function readAddress() {
      const hash = window.location.hash;
      const anchor = plainText(hash.slice(1));
      if (anchor && document.getElementById(anchor)) {
        // A link within the page must not lose what was rated.
        if (rated.length) {
          keepInAddress();
        }
        return;
      }
      const read = fromAddress(hash, model.nItems, choices);
      if (read.problem && !read.rated.length) {
        // Leave the address as it is: it may be of use elsewhere.
        problem.textContent = read.problem;
        return;
      }
      const n = read.rated.length;
      load(read.rated, n ? `Ratings loaded: ${n}.` : "");
      problem.textContent = read.problem;
    }

    const sections = element(
      "div",
      { class: "rate-lists" },
      ...lists.map(listSection),
    );
    if (!lstm) {
      sections.append(
        element(
          "p",
          {},
          "The LSTM’s list is left out: its chapter was not run, or fitted it " +
            "to another model than this page has. Run the chapters again.",
        ),
      );
    }
    const yours = element(
      "section",
      { class: "rate-you", "aria-label": "Your ratings" },
      ...[searching, count, linesNode, ideas, actions, link, copied],
    );
    const answers = element(
      "section",
      { class: "rate-answers", "aria-label": "Recommended" },
      element("div", { class: "rate-change" }, said, hint),
      switcher(lists, sections),
      sections,
    );
    root.replaceChildren(
      problem,
      element("div", { id: "rate-columns" }, yours, answers),
    );
    showRated();
    showLists("");
    readAddress();
    window.addEventListener("hashchange", readAddress);
  }

  const root = document.getElementById("rate");
  const { recslib, recslibDom, recslibTitles, recslibCombobox } = window;
  const { recslibFilms, recslibNetwork, recslibLstm } = window;
  const scripts = [recslib, recslibDom, recslibTitles, recslibCombobox];
  const arrived = [...scripts, recslibFilms, recslibNetwork].every(Boolean);
  // A network of other films would rank what is not here.
  if (arrived && recslibNetwork.of === recslibFilms.titles_fingerprint) {
    start(root, recslibFilms, recslibNetwork, recslibLstm);
  } else {
    // The build writes films.js and network.js. Where one of them or a script
    // is not there, the page says what it says without JavaScript.
    root.innerHTML = document.getElementById("rate-missing").textContent;
  }
})();
