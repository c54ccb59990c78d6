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

  const FIGURE = "fig-map";
  const SCRIPTS = new URL(".", document.currentScript.src);
  const SVG = "http://www.w3.org/2000/svg";
  const N_NEAREST = 5;
  const N_OPTIONS = 8;
  const LARGEST_ZOOM = 24;
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
    <div class="film-map-find">
      <label for="film-map-find">Find a film</label>
      <input id="film-map-find" type="text" role="combobox"
        autocomplete="off" spellcheck="false" placeholder="star wars"
        aria-autocomplete="list" aria-expanded="false"
        aria-controls="film-map-options">
      <ul id="film-map-options" role="listbox" aria-label="Films found"
        hidden></ul>
    </div>
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

  /** Return text as it is searched: no case, no accents. */
  function plain(text) {
    return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  }

  /** Return a title without its year, short enough to stand beside a dot. */
  function shortTitle(title) {
    const name = title.replace(/ \(\d{4}\)$/, "");
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

  /** Make an element with attributes and text; `space` is its namespace. */
  function element(name, attributes = {}, text = "", space = null) {
    const made = space
      ? document.createElementNS(space, name)
      : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      made.setAttribute(key, value);
    }
    made.textContent = text;
    return made;
  }

  /** Make an SVG element. */
  function drawn(name, attributes, text = "") {
    return element(name, attributes, text, SVG);
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
    const searched = titles.map(plain);
    const byCount = titles.map((_, item) => item);
    byCount.sort((one, other) => counts[other] - counts[one]);
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

    /** Films whose title holds every word of the text. */
    function matching(text, items = byCount) {
      const words = plain(text).split(/\s+/).filter(Boolean);
      const start = words.join(" ");
      const found = items.filter((item) =>
        words.every((word) => searched[item].includes(word)));
      const late = (item) => Number(!searched[item].startsWith(start));
      return found.sort((one, other) => late(one) - late(other));
    }

    return { films, titles, counts, x, y, byCount, shown, around, matching };
  }

  /* ---- The figure ------------------------------------------------------ */

  /** Put the empty places into the figure; they show when the data is in. */
  function furnish(figure) {
    const caption = figure.querySelector("figcaption");
    const pictures = [...figure.children].filter((each) => each !== caption);
    const image = figure.querySelector("img");
    const parts = {
      figure,
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

  /** Let the dots take the picture's place. */
  function start(parts, data) {
    const { figure, controls, board, facts, table } = parts;
    const { titles, counts, x, y } = data;
    const [find, range] = controls.querySelectorAll("input");
    const options = controls.querySelector("ul");
    const leastLabel = range.previousElementSibling;
    const [film, beside, , status] = facts.children;
    const svg = board.querySelector("svg");
    const layer = Object.fromEntries(
      [...svg.querySelectorAll("g")].map((each) => [each.classList[0], each]));
    const axes = svg.querySelectorAll(".axis");
    const pen = document.createElement("canvas").getContext("2d");
    const still = matchMedia("(prefers-reduced-motion: reduce)");
    const stops = STOPS.filter((stop) => data.shown(stop).length >= 20);
    const firstStop = Math.max(0, stops.findLastIndex(
      (stop) => stop <= FIRST_STOP));

    const low = [Math.min(...x), Math.min(...y)];
    const high = [Math.max(...x), Math.max(...y)];
    const middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
    const span = [high[0] - low[0] || 1, high[1] - low[1] || 1];

    // The most rated lie on top.
    const dots = data.byCount.toReversed().map((item) =>
      [item, drawn("circle", { "data-film": item })]);
    layer.dots.append(...dots.map(([, dot]) => dot));

    let [width, height] = [0, 0];
    let [font, boldFont] = ["", ""];
    let view = { x: middle[0], y: middle[1], zoom: 1 };
    let aim = view; // where the view is going
    let least = 1;
    let shown = [];
    let current = null; // pointed at
    let pinned = null;
    let written = ""; // what the facts are about
    let frame = 0;
    let sayLater = 0;

    /* -- where things are -- */

    /** Pixels to one unit of the map. */
    function scale({ zoom }) {
      const room = [width - 48, height - 56];
      return zoom * Math.min(room[0] / span[0], room[1] / span[1]);
    }

    /** Pixels from the left and from the top of a film. */
    function place(item, seen = view) {
      return [
        width / 2 + (x[item] - seen.x) * scale(seen),
        height / 2 - (y[item] - seen.y) * scale(seen),
      ];
    }

    /** Say whether a place lies in the view, so far from its edges. */
    function inView([left, top], edge = 0) {
      return (
        left >= edge && left <= width - edge &&
        top >= edge && top <= height - edge
      );
    }

    /** Return a view that shows nothing beyond the map's edges. */
    function within(wanted) {
      const zoom = clamp(wanted.zoom, 1, LARGEST_ZOOM);
      const [acrossRoom, upRoom] = span.map((each) =>
        (each / 2) * (1 - 1 / zoom));
      return {
        x: clamp(wanted.x, middle[0] - acrossRoom, middle[0] + acrossRoom),
        y: clamp(wanted.y, middle[1] - upRoom, middle[1] + upRoom),
        zoom,
      };
    }

    /** Return the view zoomed so many times, with one place left alone. */
    function zoomed(times, [left, top] = [width / 2, height / 2]) {
      const zoom = clamp(aim.zoom * times, 1, LARGEST_ZOOM);
      const shift = 1 / scale(aim) - 1 / scale({ zoom });
      return within({
        x: aim.x + (left - width / 2) * shift,
        y: aim.y - (top - height / 2) * shift,
        zoom,
      });
    }

    /** Return the view moved by so many pixels. */
    function moved(right, down) {
      return within({
        x: aim.x - right / scale(aim),
        y: aim.y + down / scale(aim),
        zoom: aim.zoom,
      });
    }

    /** Go to a view, gently unless the reader wants no motion. */
    function go(target) {
      cancelAnimationFrame(frame);
      aim = target;
      const from = view;
      const began = performance.now();
      const step = (now) => {
        const share = clamp((now - began) / 220, 0, 1);
        const eased = share * (2 - share);
        const between = (key) => from[key] + (target[key] - from[key]) * eased;
        view = { x: between("x"), y: between("y"), zoom: between("zoom") };
        draw();
        if (share < 1) frame = requestAnimationFrame(step);
      };
      if (still.matches) jump(target);
      else frame = requestAnimationFrame(step);
    }

    /** Go to a view at once, as a hand on the map wants it. */
    function jump(target) {
      cancelAnimationFrame(frame);
      aim = view = target;
      draw();
    }

    /** Move the view so far that a film can be seen. */
    function reveal(item) {
      if (!inView(place(item, aim), 24)) {
        go(within({ x: x[item], y: y[item], zoom: aim.zoom }));
      }
    }

    /** The film under a place, in pixels; null where none is near. */
    function under([left, top], reach = REACH) {
      let best = null;
      let nearest = reach;
      for (const item of shown) {
        const [right, down] = place(item);
        const apart = Math.hypot(right - left, down - top);
        if (apart < nearest) [best, nearest] = [item, apart];
      }
      return best;
    }

    /* -- drawing -- */

    /** The film that the facts are about; the one that stands beside it. */
    function subjects() {
      const subject = pinned ?? current;
      return [subject, current === subject ? null : current];
    }

    /** The five nearest of the film that the facts are about. */
    function neighbours() {
      const [subject] = subjects();
      if (subject === null) return [];
      return data.around(subject, least).nearest.slice(0, N_NEAREST);
    }

    /** Draw everything for the view and the films in hand. */
    function draw() {
      for (const [item, dot] of dots) {
        const [left, top] = place(item);
        const hidden = counts[item] < least || !inView([left, top], -6);
        dot.toggleAttribute("hidden", hidden);
        if (!hidden) {
          dot.setAttribute("cx", left.toFixed(1));
          dot.setAttribute("cy", top.toFixed(1));
        }
      }
      drawMarks();
      drawLabels();
    }

    /** Join a film to its neighbours, and mark all of them by shape. */
    function drawMarks() {
      const [subject, other] = subjects();
      const links = [];
      const marks = [];
      const link = (item, kind) => {
        const [x1, y1] = place(subject);
        const [x2, y2] = place(item);
        links.push(drawn("line", { x1, y1, x2, y2, class: kind }));
      };
      neighbours().forEach(({ item }, row) => {
        link(item, "near");
        const [cx, cy] = place(item);
        marks.push(drawn("circle", { cx, cy, r: 8, class: "near" }));
        marks.push(drawn("text", { x: cx, y: cy, class: "number" }, row + 1));
      });
      for (const [item, kind] of [[subject, "subject"], [other, "other"]]) {
        if (item === null) continue;
        if (kind === "other") link(item, "other");
        const [cx, cy] = place(item);
        if (item === pinned) {
          marks.push(drawn("circle", { cx, cy, r: 12, class: "pinned" }));
        }
        marks.push(drawn("circle", { cx, cy, r: 7, class: kind }));
      }
      layer.links.replaceChildren(...links);
      layer.marks.replaceChildren(...marks);
    }

    /** Write titles where there is room: those in hand first, then by count. */
    function drawLabels() {
      const [subject, other] = subjects();
      const near = neighbours().map(({ item }) => item);
      const inHand = new Set(
        [subject, other, ...near].filter((item) => item !== null));
      const marked = [...inHand].map(place);
      const taken = marked.map(([cx, cy]) => [cx - 9, cy - 9, cx + 9, cy + 9]);
      const texts = [];
      for (const item of new Set([...inHand, ...shown])) {
        if (texts.length >= 60) break;
        const [left, top] = place(item);
        if (!inView([left, top])) continue;
        const held = inHand.has(item);
        const title = shortTitle(titles[item]);
        pen.font = held ? boldFont : font;
        const wide = pen.measureText(title).width;
        const gap = held ? 13 : 6;
        for (const [start, base] of [
          [left + gap, top + 4],
          [left - gap - wide, top + 4],
          [left - wide / 2, top - gap - 2],
          [left - wide / 2, top + gap + 10],
        ]) {
          const box = [start - 3, base - 12, start + wide + 3, base + 4];
          const inside = box[0] >= 0 && box[2] <= width &&
            box[1] >= 0 && box[3] <= height - 18;
          if (!inside || taken.some((each) => overlap(box, each))) continue;
          taken.push(box);
          const kind = held ? "held" : "";
          texts.push(drawn("text", { x: start, y: base, class: kind }, title));
          break;
        }
      }
      layer.labels.replaceChildren(...texts);
    }

    /** Fit the drawing to its box. */
    function fit() {
      width = board.clientWidth;
      height = board.clientHeight;
      if (!width || !height) return;
      const family = getComputedStyle(layer.labels).fontFamily;
      font = `12px ${family}`;
      boldFont = `bold 12px ${family}`;
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      const [across, up] = axes;
      const corner = [width - 8, height - 7];
      across.setAttribute("transform", `translate(${corner.join(" ")})`);
      up.setAttribute("transform", "translate(14 8) rotate(-90)");
      const size = clamp(Math.min(width, height) / 560, 0.6, 1);
      for (const [item, dot] of dots) {
        const r = size * (1.8 + 0.9 * Math.log10(Math.max(counts[item], 1)));
        dot.setAttribute("r", r.toFixed(2));
      }
      draw();
    }

    /* -- words -- */

    /** Say something to those who cannot see it, once the hand rests. */
    function say(text) {
      clearTimeout(sayLater);
      sayLater = setTimeout(() => (status.textContent = text), 150);
    }

    /** How many of a film's nearest are among its nearest dots. */
    function agreement(subject) {
      const { nearest, byPlace } = data.around(subject, least);
      const five = nearest.slice(0, N_NEAREST);
      const both = five.filter(({ item }) => byPlace.get(item) <= five.length);
      return `${both.length} of these ${five.length} are among the ` +
        `${five.length} nearest dots.`;
    }

    /** How near two films are, by all factors and on the map. */
    function comparison(subject, other) {
      const { nearest, byFactors, byPlace } = data.around(subject, least);
      const rank = byFactors.get(other);
      return `cosine ${decimals(nearest[rank - 1].cosine)}, the ` +
        `${ordinal(rank)} nearest by all factors and the ` +
        `${ordinal(byPlace.get(other))} nearest dot`;
    }

    /** Write the facts of the film in hand. */
    function write() {
      const [subject, other] = subjects();
      const about = `${subject} ${pinned} ${least}`;
      if (about !== written) {
        written = about;
        film.replaceChildren(...(subject === null ? [] : filmFacts(subject)));
      }
      beside.replaceChildren();
      if (subject === null) {
        beside.append("Point at a dot, tap one, or find a film.");
      } else if (other !== null) {
        beside.append(
          "Beside it: ",
          element("strong", {}, titles[other]),
          `, ${counted(counts[other], "rating")}: `,
          `${comparison(subject, other)}.`);
      } else if (pinned !== null) {
        beside.append("Point at another film, or tap it, to compare the two.");
      } else {
        beside.append("Pin it to compare it with another film.");
      }
    }

    /** Make the facts of one film. */
    function filmFacts(subject) {
      const head = element("p", { class: "film-map-head" });
      const pin = element("button", {
        type: "button",
        "aria-pressed": String(subject === pinned),
        "data-do": "pin",
      }, subject === pinned ? "Pinned" : "Pin");
      head.append(
        element("strong", {}, titles[subject]), " ",
        element("span", {}, counted(counts[subject], "rating")), " ", pin);
      const { nearest, byPlace } = data.around(subject, least);
      const list = element("table");
      const row = list.createTHead().insertRow();
      for (const text of [
        `Nearest by all ${data.films.nFactors} factors`,
        "Cosine",
        "Nearest dot",
      ]) {
        row.append(element("th", { scope: "col" }, text));
      }
      const body = list.createTBody();
      nearest.slice(0, N_NEAREST).forEach(({ item, cosine }, place) => {
        const row = body.insertRow();
        const name = element("button", { type: "button", "data-film": item },
          titles[item]);
        row.insertCell().append(
          element("span", { class: "film-map-number" }, place + 1), name);
        row.insertCell().append(decimals(cosine));
        row.insertCell().append(ordinal(byPlace.get(item)));
      });
      return [head, list, element("p", {}, agreement(subject))];
    }

    /** Tell the film in hand in one sentence. */
    function spoken() {
      const [subject, other] = subjects();
      if (subject === null) return "No film is held.";
      if (other !== null) {
        return `${titles[other]}, ${counted(counts[other], "rating")}. ` +
          `Beside ${titles[subject]}: ${comparison(subject, other)}.`;
      }
      const names = neighbours().map(({ item, cosine }) =>
        `${titles[item]}, cosine ${decimals(cosine)}`);
      return `${titles[subject]}, ${counted(counts[subject], "rating")}` +
        `${subject === pinned ? ", pinned" : ""}. ` +
        `Nearest by all factors: ${names.join("; ")}. ` +
        agreement(subject);
    }

    /* -- what a reader does -- */

    /** Take a film in hand; null takes none. */
    function point(item, aloud = false) {
      if (item !== current) {
        current = item;
        drawMarks();
        drawLabels();
        write();
      }
      if (aloud) say(spoken());
    }

    /** Pin a film, or let go of it where it is pinned. */
    function pin(item) {
      const again = facts.contains(document.activeElement);
      pinned = item === pinned ? null : item;
      current = item;
      drawMarks();
      drawLabels();
      write();
      if (again) facts.querySelector("[data-do=pin]")?.focus();
      say(pinned === null ? `${titles[item]} is let go.` : spoken());
    }

    /** Let go: of the film beside, of the pin, then of the film in hand. */
    function release() {
      if (pinned !== null && current !== pinned) current = pinned;
      else if (pinned !== null) pinned = null;
      else current = null;
      drawMarks();
      drawLabels();
      write();
      say(spoken());
    }

    /** Show films with at least so many ratings: the stop's number. */
    function showFrom(stop) {
      range.value = stop;
      least = stops[stop];
      shown = data.shown(least);
      if (pinned !== null && counts[pinned] < least) pinned = null;
      if (current !== null && counts[current] < least) current = null;
      const films = counted(shown.length, "film");
      leastLabel.textContent =
        `At least ${counted(least, "rating")}: ${films}`;
      range.setAttribute("aria-valuetext",
        `at least ${counted(least, "rating")}, ${films}`);
      board.setAttribute("aria-label", `Map of ${films}`);
      draw();
      write();
      fillTable();
    }

    /** Bring the map to where it was at first: one film shows what it does. */
    function restart() {
      pinned = null;
      current = data.byCount[0];
      find.value = "";
      close();
      showFrom(firstStop);
      go(within({ x: middle[0], y: middle[1], zoom: 1 }));
    }


    controls.addEventListener("click", (event) => {
      const what = event.target.dataset.do;
      if (what === "in") go(zoomed(1.6));
      if (what === "out") go(zoomed(1 / 1.6));
      if (what === "start") {
        restart();
        say(`Start view. ${spoken()}`);
      }
    });
    range.max = stops.length - 1;
    range.addEventListener("input", () => showFrom(Number(range.value)));

    facts.addEventListener("click", (event) => {
      const { dataset } = event.target;
      const [subject] = subjects();
      if (dataset.do === "pin") pin(subject);
      if (dataset.film) {
        if (pinned === null) pin(subject);
        facts.querySelector(`[data-film="${dataset.film}"]`).focus();
        point(Number(dataset.film), true);
        reveal(current);
      }
    });

    /* -- keyboard -- */

    board.addEventListener("focus", () => {
      // A click gives focus too, and means its own dot.
      if (!board.matches(":focus-visible")) return;
      point(current ?? pinned ?? shown[0], true);
    });

    board.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const way = ARROWS[event.key];
      const start = current ?? pinned ?? shown[0];
      if (way && event.shiftKey) {
        go(moved(-way[0] * width / 4, -way[1] * height / 4));
      } else if (way) {
        const others = shown.filter((item) => item !== start);
        const next = current === null ? start : nextDot(
          place(start), way, others.map((item) => [item, place(item)]));
        point(next ?? start, true);
        reveal(current);
      } else if (event.key === "Enter" || event.key === " ") {
        pin(start);
      } else if (event.key === "Escape") {
        release();
      } else if (event.key === "+" || event.key === "=") {
        go(zoomed(1.6, current === null ? undefined : place(current, aim)));
      } else if (event.key === "-") {
        go(zoomed(1 / 1.6));
      } else if (event.key === "0" || event.key === "Home") {
        restart();
        say(`Start view. ${spoken()}`);
      } else {
        return;
      }
      event.preventDefault();
    });

    /* -- mouse, pen and fingers -- */

    /** Pixels from the board's corner of an event or a touch. */
    function spot({ clientX, clientY }) {
      const box = board.getBoundingClientRect();
      return [clientX - box.left, clientY - box.top];
    }

    let grip = null; // where a button went down, and whether it has moved
    board.addEventListener("pointerdown", (event) => {
      const held = event.pointerType !== "touch" && event.button === 0;
      grip = held ? { at: spot(event), dragged: false } : null;
    });
    board.addEventListener("pointermove", (event) => {
      if (event.pointerType === "touch") return;
      const at = spot(event);
      if (grip && event.buttons === 1) {
        const [right, down] = [at[0] - grip.at[0], at[1] - grip.at[1]];
        if (!grip.dragged && Math.hypot(right, down) < 4) return;
        board.setPointerCapture(event.pointerId);
        grip = { at, dragged: true };
        jump(moved(right, down));
      } else {
        const item = under(at);
        if (item !== null) point(item);
      }
    });
    board.addEventListener("click", (event) => {
      const dragged = grip?.dragged;
      grip = null;
      if (dragged) return;
      const item = under(spot(event));
      if (item === null) release();
      // A tap takes a film in hand; a second one pins it, like a click on
      // what the mouse points at.
      else if (item === current) pin(item);
      else point(item, true);
    });

    // The page scrolls under a wheel and under one finger.
    board.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      const turn = clamp(event.deltaY * lines, -60, 60);
      jump(zoomed(Math.exp(-turn / 120), spot(event)));
    }, { passive: false });

    let pinch = null;
    const twoFingers = (event) => {
      if (event.touches.length !== 2) {
        pinch = null;
        return;
      }
      event.preventDefault();
      const [one, other] = [...event.touches].map(spot);
      const apart = Math.hypot(one[0] - other[0], one[1] - other[1]);
      const centre = [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2];
      if (pinch) {
        aim = moved(centre[0] - pinch.centre[0], centre[1] - pinch.centre[1]);
        jump(zoomed(apart / pinch.apart, centre));
      }
      pinch = { apart, centre };
    };
    for (const name of ["touchstart", "touchmove", "touchend"]) {
      board.addEventListener(name, twoFingers, { passive: false });
    }

    /* -- find -- */

    let active = -1;

    /** Close the list of films found. */
    function close() {
      options.hidden = true;
      options.replaceChildren();
      find.setAttribute("aria-expanded", "false");
      find.removeAttribute("aria-activedescendant");
      active = -1;
    }

    /** Go to one line of the list. */
    function choose(row) {
      options.children[active]?.setAttribute("aria-selected", "false");
      active = row;
      const option = options.children[active];
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      find.setAttribute("aria-activedescendant", option.id);
    }

    /** List the films that match what is typed. */
    function suggest() {
      close();
      fillTable();
      const found = find.value.trim() ? data.matching(find.value) : [];
      if (find.value.trim()) say(`${counted(found.length, "film")} found.`);
      if (!found.length) return;
      options.append(...found.slice(0, N_OPTIONS).map((item, row) => {
        const option = element("li", {
          role: "option",
          id: `film-map-option-${row}`,
          "aria-selected": "false",
          "data-film": item,
        }, titles[item]);
        option.append(" ",
          element("span", {}, counted(counts[item], "rating")));
        return option;
      }));
      options.hidden = false;
      find.setAttribute("aria-expanded", "true");
    }

    /** Show the film that was found, pinned. */
    function arrive(item) {
      find.value = titles[item];
      close();
      if (counts[item] < least) {
        showFrom(stops.findLastIndex((stop) => stop <= counts[item]));
      }
      pinned = null;
      pin(item);
      reveal(item);
      fillTable();
    }

    find.addEventListener("input", suggest);
    find.addEventListener("keydown", (event) => {
      const open = !options.hidden;
      const last = options.children.length - 1;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        if (!open) suggest();
        else if (event.key === "ArrowDown") choose(active < last ? active + 1 : 0);
        else choose(active > 0 ? active - 1 : last);
      } else if (event.key === "Enter" && open) {
        arrive(Number(options.children[Math.max(active, 0)].dataset.film));
      } else if (event.key === "Escape" && open) {
        close();
      } else if (event.key === "Escape") {
        find.value = "";
        fillTable();
      } else {
        return;
      }
      event.preventDefault();
    });
    find.addEventListener("blur", close);
    // Before the field loses focus, and the list with it.
    options.addEventListener("pointerdown", (event) => {
      event.preventDefault();
    });
    options.addEventListener("click", (event) => {
      const option = event.target.closest("li");
      if (option) arrive(Number(option.dataset.film));
    });

    /* -- the table -- */

    const body = table.querySelector("tbody");
    const title = table.querySelector("caption");
    const heads = [...table.querySelectorAll("thead button")];
    const keys = [(item) => plain(titles[item]), (item) => -counts[item],
      (item) => x[item], (item) => y[item]];
    let sorted = 1; // column
    let turned = false;
    let filling = 0;

    /** Write the table for the films shown; nothing while it is closed. */
    function fillTable() {
      clearTimeout(filling);
      if (!table.open) return;
      const items = data.matching(find.value, shown);
      const key = keys[sorted];
      items.sort((a, b) => (key(a) < key(b) ? -1 : Number(key(a) > key(b))));
      if (turned) items.reverse();
      const asked = find.value.trim();
      title.textContent = `${counted(items.length, "film")} with at least ` +
        counted(least, "rating") +
        (asked ? `, of those that match “${asked}”` : "");
      heads.forEach((head, column) => {
        const upwards = (column === 1) === turned;
        if (column !== sorted) head.parentNode.removeAttribute("aria-sort");
        else head.parentNode.setAttribute("aria-sort",
          upwards ? "ascending" : "descending");
      });
      body.replaceChildren();
      table.setAttribute("aria-busy", "true");
      // A few at a time, so that the page goes on answering.
      const left = items.values();
      const more = () => {
        const pause = performance.now() + 20;
        for (const item of left) {
          body.append(tableRow(item));
          if (performance.now() > pause) {
            filling = setTimeout(more);
            return;
          }
        }
        table.setAttribute("aria-busy", "false");
      };
      more();
    }

    /** Make one row of the table. */
    function tableRow(item) {
      const row = element("tr");
      const nearest = recslib.nearest(data.films, item, 3, least);
      row.append(
        element("th", { scope: "row" }, titles[item]),
        element("td", {}, counts[item]),
        element("td", {}, decimals(x[item])),
        element("td", {}, decimals(y[item])),
        element("td", {},
          nearest.map((each) => titles[each.item]).join("; ")));
      return row;
    }

    table.addEventListener("toggle", fillTable);
    heads.forEach((head, column) => head.addEventListener("click", () => {
      turned = column === sorted && !turned;
      sorted = column;
      fillTable();
    }));

    figure.classList.add("film-map-ready");
    new ResizeObserver(fit).observe(board);
    fit();
    restart();
  }

  /** Furnish the figure now, and fill it when the reader comes near. */
  function main() {
    const figure = document.getElementById(FIGURE);
    if (!figure || !("IntersectionObserver" in window)) return;
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
