/**
 * The map of films (figure `fig-map`) under the reader's hand.
 *
 * The page holds a picture. When the reader comes near, the exported factors
 * arrive by script elements (a page opened from a folder may not fetch), and
 * dots that answer take the picture's place, in the same box. When anything
 * is missing the picture stays as it was.
 */
(() => {
  "use strict";

  const { element, drawn } = window.recslibDom ?? {};
  const { newestYear, search, searched, splitYear, wordsOf } =
    window.recslibTitles ?? {};
  const { partsOf, serve } = window.recslibCombobox ?? {};
  const FIGURE = "fig-map";
  const SCRIPTS = new URL(".", document.currentScript.src);
  const N_NEAREST = 5;
  const LARGEST_ZOOM = 24;
  const ZOOM_STEP = 1.6;
  const MOST_LABELS = 60;
  const FEWEST = 20; // films that the slider leaves
  const REACH = 24; // px between a pointer and the dot that it means
  const STOPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 20000];
  const FIRST_STOP = 50; // what the chapter calls popular
  const ARROWS = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
  };

  const CONTROLS = `
    <div class="film-map-find"></div>
    <div class="film-map-least">
      <label for="film-map-least"></label>
      <input id="film-map-least" type="range" min="0" step="1">
    </div>
    <div class="film-map-zoom" role="group" aria-label="View of the map">
      <button type="button" data-do="in" aria-label="Zoom in">+</button>
      <button type="button" data-do="out" aria-label="Zoom out">−</button>
      <button type="button" data-do="start">Start view</button>
    </div>`;

  const BOARD = `
    <svg aria-hidden="true" focusable="false">
      <g class="dots"></g><g class="links"></g><g class="marks"></g>
      <g class="labels"></g>
      <text class="axis">first direction →</text>
      <text class="axis">second direction →</text>
    </svg>`;

  const FACTS = `
    <div class="film-map-film"></div>
    <p class="film-map-beside"></p>
    <p class="film-map-help" id="film-map-help">Mouse: point, click to pin,
      drag to move, Ctrl and wheel to zoom. Touch: tap, two fingers move and
      zoom. Keyboard: arrows go from dot to dot, Enter pins, Escape lets go,
      + and − zoom, Shift and arrows move, 0 is the start view.</p>
    <p class="film-map-status" role="status"></p>`;

  const TABLE = `
    <summary>The map as a table</summary>
    <div class="film-map-scroll" tabindex="0" role="region"
      aria-label="The map as a table">
      <table>
        <caption></caption>
        <thead><tr>
          <th scope="col"><button type="button">Film</button></th>
          <th scope="col"><button type="button">Ratings</button></th>
          <th scope="col"><button type="button">First direction</button></th>
          <th scope="col"><button type="button">Second direction</button></th>
          <th scope="col">Three nearest by all factors</th>
        </tr></thead>
        <tbody></tbody>
      </table>
    </div>`;

  /* ---- Small things that know nothing of the page ---------------------- */

  /** Return 1st, 2nd, 3rd, 4th, 11th for a whole number. */
  function ordinal(number) {
    const tens = number % 100;
    const ending = tens > 10 && tens < 14 ? 0 : number % 10;
    return `${number}${["th", "st", "nd", "rd"][ending] ?? "th"}`;
  }

  /** Return a number with so many decimals and a true minus sign. */
  function decimals(number, places = 2) {
    return number.toFixed(places).replace("-", "−");
  }

  /** Return `1 film`, `2 films`, `1,682 films`. */
  function counted(number, noun) {
    return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
  }

  /** Return a title without its year, short enough to stand beside a dot. */
  function shortTitle(title) {
    const [name] = splitYear(title);
    return name.length > 30 ? `${name.slice(0, 28).trimEnd()}…` : name;
  }

  /** Keep a number between two others. */
  function clamp(number, low, high) {
    return Math.min(Math.max(number, low), high);
  }

  /** Say whether two boxes [left, top, right, bottom] overlap. */
  function overlap(one, other) {
    return (
      one[0] < other[2] &&
      other[0] < one[2] &&
      one[1] < other[3] &&
      other[1] < one[3]
    );
  }

  /**
   * Find the dot to go to from one place in one direction.
   *
   * Only dots within 45 degrees of the direction count; one that lies to the
   * side is charged for it.
   *
   * @param {number[]} from - x and y, in pixels, y growing downwards.
   * @param {number[]} way - Unit vector.
   * @param {Array<[number, number[]]>} dots - Name and place of each.
   * @returns {number|null} The dot's name; null where none lies that way.
   */
  function nextDot(from, way, dots) {
    let best = null;
    let least = Infinity;
    for (const [name, [x, y]] of dots) {
      const [right, down] = [x - from[0], y - from[1]];
      const along = right * way[0] + down * way[1];
      const aside = Math.abs(right * way[1] - down * way[0]);
      if (along > 0 && aside <= along && along + 2 * aside < least) {
        least = along + 2 * aside;
        best = name;
      }
    }
    return best;
  }

  /** Make an HTML element of a class from a piece of this file's markup. */
  function piece(name, className, markup) {
    const made = element(name, { class: className });
    made.innerHTML = markup;
    return made;
  }

  /** Load a script of the book; a promise that fails when it is not there. */
  function load(name) {
    return new Promise((resolve, reject) => {
      const script = element("script", { src: new URL(name, SCRIPTS) });
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${name} did not load`));
      document.head.append(script);
    });
  }

  /* ---- What the map knows: films, places, neighbours ------------------- */

  /**
   * Put places and neighbours behind a few questions.
   *
   * @param {Object} films - What `recslib.decode` returns.
   */
  function atlas(films) {
    const { titles, counts } = films;
    const { x, y } = films.map;
    const byCount = titles.map((_, item) => item);
    byCount.sort((one, other) => counts[other] - counts[one]);
    const inOrder = searched(byCount.map((item) => titles[item]));
    const known = new Map();

    /** All films with at least so many ratings, the most rated first. */
    function shown(least) {
      return byCount.filter((item) => counts[item] >= least);
    }

    /**
     * Order all other films by cosine and by distance on the map.
     *
     * @returns {{nearest: Array, byFactors: Map, byPlace: Map}} The films by
     *   cosine; the rank, from 1, of each by factors and by place.
     */
    function around(item, least) {
      const key = `${item} ${least}`;
      if (!known.has(key)) {
        const nearest = recslib.nearest(films, item, titles.length, least);
        const others = nearest.map((each) => each.item);
        const apart = (other) => Math.hypot(x[other] - x[item],
          y[other] - y[item]);
        const ranks = (items) =>
          new Map(items.map((other, place) => [other, place + 1]));
        known.set(key, {
          nearest,
          byFactors: ranks(others),
          byPlace: ranks(others.toSorted((a, b) => apart(a) - apart(b))),
        });
      }
      return known.get(key);
    }

    /** Films that a text may mean, the likeliest first. */
    function matching(text) {
      return search(inOrder, text).map((place) => byCount[place]);
    }

    const { nFactors } = films;
    return {
      films, nFactors, titles, counts, x, y, byCount, shown, around, matching,
    };
  }

  /* ---- The figure ------------------------------------------------------ */

  /** Put the empty places into the figure; they show when the data is in. */
  function furnish(figure) {
    const caption = figure.querySelector("figcaption");
    const pictures = [...figure.children].filter((each) => each !== caption);
    const image = figure.querySelector("img");
    const finder = partsOf("film-map-find", "star wars");
    const parts = {
      figure,
      finder,
      controls: piece("div", "film-map-controls", CONTROLS),
      stage: element("div", { class: "film-map-stage" }),
      board: piece("div", "film-map-board", BOARD),
      facts: piece("div", "film-map-facts", FACTS),
      table: piece("details", "film-map-table", TABLE),
    };
    for (const [name, value] of Object.entries({
      role: "application",
      tabindex: "0",
      "aria-roledescription": "map",
      "aria-describedby": "film-map-help film-map-alt",
    })) {
      parts.board.setAttribute(name, value);
    }
    parts.board.append(
      element("span", { id: "film-map-alt", hidden: "" }, image?.alt ?? ""));
    parts.controls
      .querySelector(".film-map-find")
      .append(finder.label, finder.field, finder.list);
    parts.stage.append(...pictures, parts.board);
    figure.prepend(parts.controls, parts.stage, parts.facts);
    figure.after(parts.table);
    figure.classList.add("film-map");
    return parts;
  }

  /** Put the figure back as it was in the page. */
  function clear({ figure, controls, stage, board, facts, table }) {
    board.remove();
    figure.prepend(...stage.children);
    for (const part of [controls, stage, facts, table]) part.remove();
    figure.classList.remove("film-map", "film-map-ready");
  }

  /* ---- The view -------------------------------------------------------- */

  /**
   * Turn places on the map into pixels, and hands' moves into views.
   *
   * A view is the place in the middle, `x` and `y`, and `zoom`, from 1. One
   * scale serves both directions, so that near on screen is near on the map.
   */
  function lens({ x, y }) {
    const low = [Math.min(...x), Math.min(...y)];
    const span = [Math.max(...x) - low[0] || 1, Math.max(...y) - low[1] || 1];
    const middle = [low[0] + span[0] / 2, low[1] + span[1] / 2];
    const all = { x: middle[0], y: middle[1], zoom: 1 };
    const size = { width: 0, height: 0 };

    /** Pixels to one unit of the map. */
    function scale({ zoom }) {
      const room = [size.width - 48, size.height - 56];
      return zoom * Math.min(room[0] / span[0], room[1] / span[1]);
    }

    /** Pixels from the left and from the top of a film. */
    function place(item, view) {
      return [
        size.width / 2 + (x[item] - view.x) * scale(view),
        size.height / 2 - (y[item] - view.y) * scale(view),
      ];
    }

    /** Say whether a place lies in the box, so far from its edges. */
    function inside([left, top], edge = 0) {
      return (
        left >= edge &&
        left <= size.width - edge &&
        top >= edge &&
        top <= size.height - edge
      );
    }

    /** Return a view that shows nothing beyond the map's edges. */
    function within(view) {
      const zoom = clamp(view.zoom, 1, LARGEST_ZOOM);
      const [across, up] = span.map((each) => (each / 2) * (1 - 1 / zoom));
      return {
        x: clamp(view.x, middle[0] - across, middle[0] + across),
        y: clamp(view.y, middle[1] - up, middle[1] + up),
        zoom,
      };
    }

    /** Return a view zoomed so many times, with one place left alone. */
    function zoomed(view, times, spot) {
      const [left, top] = spot ?? [size.width / 2, size.height / 2];
      const zoom = clamp(view.zoom * times, 1, LARGEST_ZOOM);
      const shift = 1 / scale(view) - 1 / scale({ zoom });
      return within({
        x: view.x + (left - size.width / 2) * shift,
        y: view.y - (top - size.height / 2) * shift,
        zoom,
      });
    }

    /** Return a view moved by so many pixels. */
    function moved(view, right, down) {
      return within({
        x: view.x - right / scale(view),
        y: view.y + down / scale(view),
        zoom: view.zoom,
      });
    }

    /** Return a view with a film in its middle. */
    function centred(item, zoom) {
      return within({ x: x[item], y: y[item], zoom });
    }

    return { all, size, place, inside, zoomed, moved, centred };
  }

  /* ---- The drawing ----------------------------------------------------- */

  /**
   * Draw scenes. A scene has the `view`, the films `shown` with at least
   * `least` ratings, the `subject` with the films `near` it, the film
   * `other` beside it, and which is `pinned`; null for none.
   */
  function drawing(svg, data, map) {
    const { titles, counts } = data;
    const layer = Object.fromEntries(
      [...svg.querySelectorAll("g")].map((each) => [each.classList[0], each]),
    );
    const [across, up] = svg.querySelectorAll(".axis");
    const pen = document.createElement("canvas").getContext("2d");
    // The most rated lie on top.
    const dots = data.byCount
      .toReversed()
      .map((item) => [item, drawn("circle", { "data-film": item })]);
    layer.dots.append(...dots.map(([, dot]) => dot));
    let family = "";

    /** Fit the drawing to the box. */
    function fit() {
      const { width, height } = map.size;
      family = getComputedStyle(layer.labels).fontFamily;
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      const corner = [width - 8, height - 7];
      across.setAttribute("transform", `translate(${corner.join(" ")})`);
      up.setAttribute("transform", "translate(14 8) rotate(-90)");
      const size = clamp(Math.min(width, height) / 560, 0.6, 1);
      for (const [item, dot] of dots) {
        const r = size * (1.8 + 0.9 * Math.log10(Math.max(counts[item], 1)));
        dot.setAttribute("r", r.toFixed(2));
      }
    }

    /** Draw the whole scene. */
    function draw(scene) {
      for (const [item, dot] of dots) {
        const [left, top] = map.place(item, scene.view);
        const seen =
          counts[item] >= scene.least && map.inside([left, top], -6);
        dot.toggleAttribute("hidden", !seen);
        if (seen) {
          dot.setAttribute("cx", left.toFixed(1));
          dot.setAttribute("cy", top.toFixed(1));
        }
      }
      hold(scene);
    }

    /** Draw what changes with the films in hand. */
    function hold(scene) {
      drawMarks(scene);
      drawLabels(scene);
    }

    /** Join a film to its neighbours, and mark all of them by shape. */
    function drawMarks({ view, subject, other, pinned, near }) {
      const links = [];
      const marks = [];
      const link = (item, kind) => {
        const [x1, y1] = map.place(subject, view);
        const [x2, y2] = map.place(item, view);
        links.push(drawn("line", { x1, y1, x2, y2, class: kind }));
      };
      const ring = (item, r, kind) => {
        const [cx, cy] = map.place(item, view);
        marks.push(drawn("circle", { cx, cy, r, class: kind }));
      };
      near.forEach((item, row) => {
        link(item, "near");
        ring(item, 8, "near");
        const [x, y] = map.place(item, view);
        marks.push(drawn("text", { x, y, class: "number" }, row + 1));
      });
      if (other !== null) {
        link(other, "other");
        ring(other, 7, "other");
      }
      if (pinned !== null) ring(pinned, 12, "pinned");
      if (subject !== null) ring(subject, 7, "subject");
      layer.links.replaceChildren(...links);
      layer.marks.replaceChildren(...marks);
    }

    /** Write titles where there is room: in hand first, then by count. */
    function drawLabels({ view, shown, subject, other, near }) {
      const inHand = new Set(
        [subject, other, ...near].filter((item) => item !== null),
      );
      const taken = [...inHand].map((item) => {
        const [left, top] = map.place(item, view);
        return [left - 9, top - 9, left + 9, top + 9];
      });
      const texts = [];
      for (const item of new Set([...inHand, ...shown])) {
        if (texts.length >= MOST_LABELS) break;
        const spot = map.place(item, view);
        if (!map.inside(spot)) continue;
        const held = inHand.has(item);
        const title = shortTitle(titles[item]);
        pen.font = `${held ? "bold " : ""}12px ${family}`;
        const wide = pen.measureText(title).width;
        const gap = held ? 13 : 6;
        // The films that are compared have their names at any price.
        const must = item === subject || item === other;
        const box =
          roomFor(spot, wide, gap, taken) ??
          (must ? roomFor(spot, wide, gap, []) : null);
        if (!box) continue;
        taken.push(box);
        const at = { x: box[0] + 3, y: box[1] + 12 };
        texts.push(drawn("text", { ...at, class: held ? "held" : "" }, title));
      }
      layer.labels.replaceChildren(...texts);
    }

    /** Find a free box for a label right, left, above or below of a dot. */
    function roomFor([left, top], wide, gap, taken) {
      const { width, height } = map.size;
      return [
        [left + gap, top + 4],
        [left - gap - wide, top + 4],
        [left - wide / 2, top - gap - 2],
        [left - wide / 2, top + gap + 10],
      ]
        .map(([x, y]) => [x - 3, y - 12, x + wide + 3, y + 4])
        .find(
          (box) =>
            box[0] >= 20 && // beside the axis
            box[2] <= width &&
            box[1] >= 0 &&
            box[3] <= height - 18 &&
            !taken.some((each) => overlap(box, each)),
        );
    }

    return { fit, draw, hold };
  }

  /* ---- The words below the map ----------------------------------------- */

  /** Write the facts of a scene, for eyes and for ears. */
  function words(facts, data) {
    const { titles, counts, around } = data;
    const [film, beside, , status] = facts.children;
    let written = "";
    let later = 0;

    /** Say something to those who cannot see it, once the hand rests. */
    function say(text) {
      clearTimeout(later);
      later = setTimeout(() => (status.textContent = text), 150);
    }

    /** Name a film with the number of its ratings. */
    function named(item) {
      return `${titles[item]}, ${counted(counts[item], "rating")}`;
    }

    /** How many of a film's nearest are among its nearest dots. */
    function agreement({ subject, near, least }) {
      const { byPlace } = around(subject, least);
      const both = near.filter((item) => byPlace.get(item) <= near.length);
      return (
        `${both.length} of these ${near.length} are among the ` +
        `${near.length} nearest dots.`
      );
    }

    /** How near two films are, by all factors and on the map. */
    function comparison({ subject, other, least }) {
      const { nearest, byFactors, byPlace } = around(subject, least);
      const rank = byFactors.get(other);
      return (
        `cosine ${decimals(nearest[rank - 1].cosine)}, the ` +
        `${ordinal(rank)} nearest by all factors and the ` +
        `${ordinal(byPlace.get(other))} nearest dot.`
      );
    }

    /** Tell a scene in a sentence or two. */
    function spoken(scene) {
      const { subject, other, pinned, near, least } = scene;
      if (subject === null) return "No film is held.";
      if (other !== null) {
        return (
          `${named(other)}. Beside ${titles[subject]}: ` + comparison(scene)
        );
      }
      const { nearest } = around(subject, least);
      const names = near.map(
        (item, row) => `${titles[item]}, cosine ` +
          decimals(nearest[row].cosine),
      );
      return (
        `${named(subject)}${pinned === null ? "" : ", pinned"}. ` +
        `Nearest by all factors: ${names.join("; ")}. ` +
        agreement(scene)
      );
    }

    /** Write a scene. */
    function write(scene) {
      const { subject, other, pinned, least } = scene;
      // What stays is not written anew: a reader's focus may be in it.
      const about = [subject, pinned, least].join(" ");
      if (about !== written) {
        written = about;
        film.replaceChildren(...(subject === null ? [] : filmFacts(scene)));
      }
      if (subject === null) {
        beside.replaceChildren("Point at a dot, tap one, or find a film.");
      } else if (other !== null) {
        beside.replaceChildren(
          "Beside it: ",
          element("strong", {}, titles[other]),
          `, ${counted(counts[other], "rating")}: ${comparison(scene)}`,
        );
      } else if (pinned !== null) {
        beside.replaceChildren(
          "Point at another film, or tap it, to compare the two.",
        );
      } else {
        beside.replaceChildren("Pin it to compare it with another film.");
      }
    }

    /** Make the facts of the film in hand. */
    function filmFacts(scene) {
      const { subject, pinned, near, least } = scene;
      const pin = element(
        "button",
        {
          type: "button",
          "aria-pressed": String(pinned !== null),
          "data-do": "pin",
        },
        pinned === null ? "Pin" : "Pinned",
      );
      const head = element("p", { class: "film-map-head" });
      head.append(
        element("strong", {}, titles[subject]),
        element("span", {}, counted(counts[subject], "rating")),
        pin,
      );
      const { nearest, byPlace } = around(subject, least);
      const list = element("table");
      const heads = list.createTHead().insertRow();
      for (const text of [
        `Nearest by all ${data.nFactors} factors`,
        "Cosine",
        "Nearest dot",
      ]) {
        heads.append(element("th", { scope: "col" }, text));
      }
      const body = list.createTBody();
      near.forEach((item, place) => {
        const row = body.insertRow();
        row.insertCell().append(
          element("span", { class: "film-map-number" }, place + 1),
          element(
            "button",
            { type: "button", "data-film": item },
            titles[item],
          ),
        );
        row.insertCell().append(decimals(nearest[place].cosine));
        row.insertCell().append(ordinal(byPlace.get(item)));
      });
      return [head, list, element("p", {}, agreement(scene))];
    }

    return { say, spoken, write };
  }

  /* ---- The table ------------------------------------------------------- */

  /** Fill the table behind the map, when it is opened and not before. */
  function tableOf(table, data) {
    const { films, titles, counts, x, y } = data;
    const body = table.querySelector("tbody");
    const caption = table.querySelector("caption");
    const heads = [...table.querySelectorAll("thead button")];
    const names = titles.map((title) => wordsOf(title).join(" "));
    const keys = [
      (item) => names[item],
      (item) => -counts[item],
      (item) => x[item],
      (item) => y[item],
    ];
    let sorted = 1; // column
    let turned = false;
    let filling = 0;
    let wanted = { shown: [], least: 1, asked: "" };

    /** Write the films shown that match what is asked for. */
    function fill() {
      clearTimeout(filling);
      if (!table.open) return;
      const { shown, least, asked } = wanted;
      const found = asked ? new Set(data.matching(asked)) : null;
      const items = shown.filter((item) => !found || found.has(item));
      const key = keys[sorted];
      items.sort((a, b) => (key(a) < key(b) ? -1 : Number(key(a) > key(b))));
      if (turned) items.reverse();
      caption.textContent =
        `${counted(items.length, "film")} with at least ` +
        counted(least, "rating") +
        (asked ? `, of those that match “${asked}”` : "");
      heads.forEach((head, column) => {
        const cell = head.parentNode;
        const rising = (column === 1) === turned; // the most rated first
        const way = rising ? "ascending" : "descending";
        if (column === sorted) cell.setAttribute("aria-sort", way);
        else cell.removeAttribute("aria-sort");
      });
      body.replaceChildren();
      table.setAttribute("aria-busy", "true");
      append(items.values());
    }

    /** Write rows, a few at a time, so that the page goes on answering. */
    function append(left) {
      const pause = performance.now() + 20;
      for (const item of left) {
        body.append(rowOf(item));
        if (performance.now() > pause) {
          filling = setTimeout(append, 0, left);
          return;
        }
      }
      table.setAttribute("aria-busy", "false");
    }

    /** Make one row. */
    function rowOf(item) {
      const nearest = recslib.nearest(films, item, 3, wanted.least);
      const row = element("tr");
      row.append(
        element("th", { scope: "row" }, titles[item]),
        ...[
          counts[item],
          decimals(x[item]),
          decimals(y[item]),
          nearest.map((each) => titles[each.item]).join("; "),
        ].map((text) => element("td", {}, text)),
      );
      return row;
    }

    table.addEventListener("toggle", fill);
    heads.forEach((head, column) =>
      head.addEventListener("click", () => {
        turned = column === sorted && !turned;
        sorted = column;
        fill();
      }),
    );

    /** Show these films, with so many ratings, that match the text. */
    return (shown, least, text) => {
      wanted = { shown, least, asked: text.trim() };
      fill();
    };
  }

  /* ---- Hands ----------------------------------------------------------- */

  /**
   * Read mouse, pen and fingers. The page scrolls under a wheel and under
   * one finger: only Ctrl with a wheel, a drag and two fingers are the map's.
   *
   * @param {{hover: Function, tap: Function, move: Function,
   *   zoom: Function}} act - What to do at a place; with pixels right and
   *   down; with how many times and a place.
   */
  function hands(board, act) {
    let grip = null; // where a button went down, and whether it has moved
    let pinch = null;

    /** Pixels from the board's corner of an event or a touch. */
    function spot({ clientX, clientY }) {
      const box = board.getBoundingClientRect();
      return [
        clientX - box.left - board.clientLeft,
        clientY - box.top - board.clientTop,
      ];
    }

    board.addEventListener("pointerdown", (event) => {
      const held = event.pointerType !== "touch" && event.button === 0;
      grip = held ? { at: spot(event), dragged: false } : null;
    });
    board.addEventListener("pointermove", (event) => {
      if (event.pointerType === "touch") return;
      const at = spot(event);
      if (!grip || event.buttons !== 1) {
        act.hover(at);
        return;
      }
      const [right, down] = [at[0] - grip.at[0], at[1] - grip.at[1]];
      if (!grip.dragged && Math.hypot(right, down) < 4) return;
      board.setPointerCapture(event.pointerId);
      grip = { at, dragged: true };
      act.move(right, down);
    });
    board.addEventListener("click", (event) => {
      if (!grip?.dragged) act.tap(spot(event));
      grip = null;
    });

    board.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
        act.zoom(Math.exp(-clamp(pixels, -60, 60) / 120), spot(event));
      },
      { passive: false },
    );

    /** Follow two fingers. */
    function fingers(event) {
      if (event.touches.length !== 2) {
        pinch = null;
        return;
      }
      event.preventDefault();
      const [one, other] = [...event.touches].map(spot);
      const apart = Math.hypot(one[0] - other[0], one[1] - other[1]);
      const centre = [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2];
      if (pinch) {
        act.move(centre[0] - pinch.centre[0], centre[1] - pinch.centre[1]);
        act.zoom(apart / pinch.apart, centre);
      }
      pinch = { apart, centre };
    }
    for (const name of ["touchstart", "touchmove", "touchend"]) {
      board.addEventListener(name, fingers, { passive: false });
    }
  }

  /* ---- The map --------------------------------------------------------- */

  /** Let the dots take the picture's place. */
  function start({ figure, finder, controls, board, facts, table }, data) {
    const { titles, counts } = data;
    const range = controls.querySelector("[type=range]");
    const map = lens(data);
    const picture = drawing(board.querySelector("svg"), data, map);
    const text = words(facts, data);
    const list = tableOf(table, data);
    const still = matchMedia("(prefers-reduced-motion: reduce)");
    const stops = STOPS.filter((stop) => data.shown(stop).length >= FEWEST);
    const firstStop = Math.max(
      0,
      stops.findLastIndex((stop) => stop <= FIRST_STOP),
    );

    let view = map.all;
    let aim = view; // where the view is going
    let least = 1;
    let shown = [];
    let current = null; // pointed at
    let pinned = null;
    let frame = 0;

    /** All that there is to be seen and said. */
    function scene() {
      const subject = pinned ?? current;
      const other = current === subject ? null : current;
      const near =
        subject === null
          ? []
          : data
              .around(subject, least)
              .nearest.slice(0, N_NEAREST)
              .map(({ item }) => item);
      return { view, shown, least, subject, other, pinned, near };
    }

    /** Go to a view at once, as a hand on the map wants it. */
    function jump(target) {
      cancelAnimationFrame(frame);
      aim = view = target;
      picture.draw(scene());
    }

    /** Go to a view, gently unless the reader wants no motion. */
    function go(target) {
      if (still.matches) {
        jump(target);
        return;
      }
      cancelAnimationFrame(frame);
      aim = target;
      const from = view;
      const began = performance.now();
      const step = (now) => {
        const share = clamp((now - began) / 220, 0, 1);
        const eased = share * (2 - share);
        const between = (key) => from[key] + (aim[key] - from[key]) * eased;
        view = { x: between("x"), y: between("y"), zoom: between("zoom") };
        picture.draw(scene());
        if (share < 1) frame = requestAnimationFrame(step);
      };
      frame = requestAnimationFrame(step);
    }

    /** Move the view so far that a film can be seen. */
    function reveal(item) {
      if (!map.inside(map.place(item, aim), 24)) {
        go(map.centred(item, aim.zoom));
      }
    }

    /** The film that a place means; null where none is near. */
    function under([left, top]) {
      let best = null;
      let nearest = REACH;
      for (const item of shown) {
        const [right, down] = map.place(item, view);
        const apart = Math.hypot(right - left, down - top);
        if (apart < nearest) [best, nearest] = [item, apart];
      }
      return best;
    }

    /** Show what is in hand, after it changed. */
    function show() {
      picture.hold(scene());
      text.write(scene());
    }

    /** Take a film in hand, beside the pinned one where there is one. */
    function point(item, aloud = false) {
      if (item !== current) {
        current = item;
        show();
      }
      if (aloud) text.say(text.spoken(scene()));
    }

    /** Pin a film, or let go of it where it is pinned. */
    function pin(item) {
      const again = facts.contains(document.activeElement);
      pinned = item === pinned ? null : item;
      current = item;
      show();
      // The button was written anew.
      if (again) facts.querySelector("[data-do=pin]").focus();
      text.say(text.spoken(scene()));
    }

    /** Let go: of the film beside, of the pin, then of the film in hand. */
    function release() {
      if (pinned === null) current = null;
      else if (current === pinned) pinned = null;
      else current = pinned;
      show();
      text.say(text.spoken(scene()));
    }

    /** Show films with at least so many ratings: the stop's number. */
    function showFrom(stop) {
      least = stops[stop];
      shown = data.shown(least);
      const here = (item) => item !== null && counts[item] >= least;
      if (!here(pinned)) pinned = null;
      if (!here(current)) current = pinned;
      const ratings = counted(least, "rating");
      const films = counted(shown.length, "film");
      range.value = stop;
      range.setAttribute("aria-valuetext", `at least ${ratings}, ${films}`);
      range.labels[0].textContent = `At least ${ratings}: ${films}`;
      board.setAttribute("aria-label", `Map of ${films}`);
      picture.draw(scene());
      text.write(scene());
      list(shown, least, finder.field.value);
    }

    const write = serve(finder, {
      newest: newestYear(titles),
      find: data.matching,
      describe: (item) => [
        titles[item],
        " ",
        element("span", {}, counted(counts[item], "rating")),
      ],
      say: text.say,
      changed: () => list(shown, least, finder.field.value),
      choose(item) {
        write(titles[item]);
        if (counts[item] < least) {
          showFrom(stops.findLastIndex((stop) => stop <= counts[item]));
        }
        pinned = null;
        pin(item);
        reveal(item);
      },
    });

    /** Bring the map to where it was at first: one film shows what it does. */
    function restart() {
      pinned = null;
      current = data.byCount[0];
      write("");
      showFrom(firstStop);
      go(map.all);
    }

    const deeds = {
      in: () => go(map.zoomed(aim, ZOOM_STEP)),
      out: () => go(map.zoomed(aim, 1 / ZOOM_STEP)),
      start() {
        restart();
        text.say(`Start view. ${text.spoken(scene())}`);
      },
      pin: () => pin(scene().subject),
    };
    figure.addEventListener("click", ({ target }) => {
      deeds[target.dataset.do]?.();
    });

    facts.addEventListener("click", ({ target }) => {
      if (!target.dataset.film) return;
      const item = Number(target.dataset.film);
      if (pinned === null) pin(scene().subject);
      facts.querySelector(`[data-film="${item}"]`).focus();
      point(item, true);
      reveal(item);
    });

    range.max = stops.length - 1;
    range.addEventListener("input", () => showFrom(Number(range.value)));

    hands(board, {
      hover(spot) {
        const item = under(spot);
        if (item !== null) point(item);
      },
      tap(spot) {
        const item = under(spot);
        if (item === null) release();
        // A tap takes a film in hand; a second one pins it, as does a click
        // on what the mouse points at.
        else if (item === current) pin(item);
        else point(item, true);
      },
      move: (right, down) => jump(map.moved(aim, right, down)),
      zoom: (times, spot) => jump(map.zoomed(aim, times, spot)),
    });

    board.addEventListener("focus", () => {
      // A click gives focus too, and means its own dot.
      if (!board.matches(":focus-visible")) return;
      point(current ?? pinned ?? shown[0], true);
    });

    board.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const way = ARROWS[event.key];
      const from = current ?? pinned ?? shown[0];
      if (way && event.shiftKey) {
        const { width, height } = map.size;
        const [right, down] = [-way[0] * width / 4, -way[1] * height / 4];
        go(map.moved(aim, right, down));
      } else if (way) {
        const others = shown.filter((item) => item !== from);
        const places = others.map((item) => [item, map.place(item, aim)]);
        const next = nextDot(map.place(from, aim), way, places);
        point(current === null ? from : (next ?? from), true);
        reveal(current);
      } else if (event.key === "Enter" || event.key === " ") {
        pin(from);
      } else if (event.key === "Escape") {
        release();
      } else if (event.key === "+" || event.key === "=") {
        const spot = current === null ? null : map.place(current, aim);
        go(map.zoomed(aim, ZOOM_STEP, spot));
      } else if (event.key === "-") {
        deeds.out();
      } else if (event.key === "0" || event.key === "Home") {
        deeds.start();
      } else {
        return;
      }
      event.preventDefault();
    });

    /** Fit the map to its box. */
    function fit() {
      map.size.width = board.clientWidth;
      map.size.height = board.clientHeight;
      if (!board.clientWidth) return;
      picture.fit();
      picture.draw(scene());
    }

    figure.classList.add("film-map-ready");
    fit();
    restart();
    new ResizeObserver(fit).observe(board);
  }

  /* ---- Where it begins ------------------------------------------------- */

  /** Furnish the figure now, and fill it when the reader comes near. */
  function main() {
    const figure = document.getElementById(FIGURE);
    const ready = drawn && search && partsOf;
    if (!figure || !ready || !("IntersectionObserver" in window)) return;
    const parts = furnish(figure);
    let asked = false;
    const arrive = async () => {
      if (asked) return;
      asked = true;
      try {
        await Promise.all([load("recommend.js"), load("films.js")]);
        start(parts, atlas(recslib.decode(recslibFilms)));
      } catch (problem) {
        clear(parts);
        console.info(`The map of films stays a picture: ${problem.message}`);
      }
    };
    const watch = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) arrive();
    }, { rootMargin: "600px" });
    watch.observe(figure);
    for (const name of ["pointerenter", "touchstart", "focusin"]) {
      figure.addEventListener(name, arrive, { once: true, passive: true });
    }
  }

  main();
})();
