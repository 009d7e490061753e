--- The page's script: `text`, and `sha256`, by which the page's policy allows it (see `loom.formats.html.inline`). How strips
-- look is the dashboard's.
--
-- Rows have one height, so that only those in view need to be elements: two empty rows stand for what is above and below.
-- Text gets into the page as text nodes alone.
-- @module loom.formats.html.script

local inline = require "loom.formats.html.inline"

return inline.of('\n"use strict";\n(() => {\n' .. inline.module "shapes.js" .. [==[

  const OVERSCAN = 12;     // rows made beyond those in view
  const PRINT_ROWS = 500;  // about 15 pages
  const SVG = "http://www.w3.org/2000/svg";
  const BELOW = 3; // units below a strip, for the days
  const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const {rows, kinds, strips} = data;
  // Of each zone that stores are in: its name, what strips of it are from and to, and the instants and dates of its midnights.
  const zones = strips ? strips.zones || [{name: "", from: strips.from, to: strips.to, days: []}] : [];
  const keyColumn = kinds.indexOf("key") + 1; // of a row, whose first cell is its number; 0: there is none
  const sheet = byId("sheet"), table = byId("rows"), body = table.tBodies[0], search = byId("search"), tip = byId("tip");
  const heads = [...table.querySelectorAll("th[data-column]")];
  const grouped = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ",");
  const chosenGroup = byId("group"); // there are groups
  const narrow = matchMedia("(max-width: 700px)"); // strips are under the ids then, with the figures beside both
  const noun = (count) => data.noun + (count === 1 ? "" : "s");

  // ---- cells ----

  const hours = (v) => v.toFixed(2).replace(/0$/, "");
  const formats = {
    key: String,
    any: String,
    minutes: String,
    count: grouped,
    hours,
    percent: (v) => (Math.floor(v / 100) / 100).toFixed(2),
    burn: (v) => v > 1 ? "\u2717 " + (v === Infinity ? "\u221e" : Math.ceil(v * 100) + "%")
      : "\u2713 " + Math.floor(v * 100) + "%",
  };

  const nameOf = (row) => data.name && row[data.name] || "";

  function fill(cell, kind, value, name) {
    if (kind === "strip") {
      cell.className = "strip";
      cell.append(drawStrip(value));
      return;
    }
    const text = value === null ? "" : formats[kind](value);
    if (kind === "key") {
      cell.className = "id";
      cell.title = name ? `${name} (${text})` : text;
      if (name) {
        cell.append(Object.assign(document.createElement("bdi"), {className: "name", textContent: name}), " ");
      }
      cell.append(Object.assign(document.createElement("bdi"), {textContent: text}));
      return;
    }
    cell.textContent = text === "" && kind !== "any" ? "\u2013" : text;
    cell.className = kind !== "any" || typeof value === "number" ? "number" : "";
    cell.classList.toggle("zero", value === 0 || value === null);
    cell.classList.toggle("missed", kind === "burn" && value > 1);
  }

  // ---- strips ----

  function runsOf(code) {
    let at = 0;
    return [...code.matchAll(/(\d*)([a-z])/g)].map(([, count, letter]) => {
      const length = count === "" ? 1 : Number(count);
      at += length;
      return [letter, at - length, length];
    });
  }

  // Whole pixels for a bin, as far as the strip is neither tiny nor endless; as wide as an id on a small screen.
  const wideStrip = strips ? Math.min(672, strips.bins * Math.max(1, Math.round(336 / strips.bins))) : 0;
  const stripWidth = () => narrow.matches ? 168 : wideStrip;

  const zoneOf = (code) => zones[Number(code.split("@")[1] || 0)];
  const tickPaths = new Map();

  // Where a day begins by the store's clock: under the bars, unless there are too many to tell them apart.
  function ticksOf(zone) {
    if (!tickPaths.has(zone)) {
      const places = zone.days.map(([instant]) => (instant - zone.from) / (zone.to - zone.from) * strips.bins);
      tickPaths.set(zone, places.length > 62 ? "" : places.map((place) => `M${place.toFixed(2)} ${HEIGHT + 1}v2`).join(""));
    }
    return tickPaths.get(zone);
  }

  function makePicture(properties, shapes) {
    const svg = document.createElementNS(SVG, "svg");
    for (const [name, value] of Object.entries(properties)) {
      svg.setAttribute(name, value);
    }
    for (const [name, d] of shapes) {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("class", name);
      path.setAttribute("d", d);
      svg.append(path);
    }
    return svg;
  }

  function drawStrip(code) {
    const runs = runsOf(code), ticks = ticksOf(zoneOf(code));
    const svg = makePicture({class: "strip", viewBox: `0 0 ${strips.bins} ${HEIGHT + BELOW}`, width: stripWidth(), height: 20,
      preserveAspectRatio: "none", role: "img", "aria-label": words(runs)},
    ticks ? [...paths(runs), ["tick", ticks]] : paths(runs));
    svg.stripCode = code;
    return svg;
  }

  // What the letters look like, each as one cell.
  function drawLegend(list) {
    list.prepend(...Object.entries(LETTERS).map(([letter, name]) => {
      const item = document.createElement("li");
      item.append(makePicture({class: "mark", viewBox: `0 0 ${HEIGHT} ${HEIGHT}`, "aria-hidden": "true"},
        paths([[letter, 1, HEIGHT - 2]])), name);
      return item;
    }));
  }

  const two = (number) => String(number).padStart(2, "0");
  const dayOf = (time) => `${time.getUTCDate()} ${MONTHS[time.getUTCMonth()]}`;
  const clockOf = (time) => `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}`
    + (time.getUTCSeconds() ? ":" + two(time.getUTCSeconds()) : "");
  const timeOf = (time) => `${DAYS[time.getUTCDay()]} ${dayOf(time)} ${time.getUTCFullYear()}, ${clockOf(time)}`;

  // The date that the store's clock shows at an instant, and where that is.
  function localDay(zone, instant) {
    const day = zone.days.filter(([start]) => start <= instant).pop();
    const date = new Date((day ? day[1] : zone.first) * 86400000);
    return zone.name ? `\n${DAYS[date.getUTCDay()]} ${dayOf(date)} in ${zone.name}` : "";
  }

  function binText(code, bin) {
    const zone = zoneOf(code);
    const edge = (number) => new Date(Math.floor(zone.from + (zone.to - zone.from) / strips.bins * number) * 1000);
    const from = edge(bin), to = edge(bin + 1);
    const [letter] = runsOf(code).find(([, at, length]) => bin >= at && bin < at + length);
    const end = from.toISOString().slice(0, 10) === to.toISOString().slice(0, 10) ? clockOf(to) : timeOf(to);
    return `${LETTERS[letter]}\n${timeOf(from)} \u2013 ${end} UTC${localDay(zone, from / 1000)}`;
  }

  function showTip(svg, bin) {
    const box = svg.getBoundingClientRect();
    tip.textContent = binText(svg.stripCode, bin);
    const x = box.left + (bin + .5) / strips.bins * box.width - tip.offsetWidth / 2;
    const above = box.top - tip.offsetHeight - 6;
    tip.style.left = Math.max(4, Math.min(x, innerWidth - tip.offsetWidth - 4)) + "px";
    tip.style.top = (above > 4 ? above : box.bottom + 6) + "px";
    tip.style.visibility = "visible";
  }

  function hideTip() {
    tip.style.visibility = "hidden";
    tip.textContent = "";
  }

  function pointed(event) {
    const svg = event.target instanceof Element && event.target.closest("svg.strip");
    if (!svg) {
      hideTip();
      return;
    }
    const box = svg.getBoundingClientRect();
    const bin = Math.floor((event.clientX - box.left) / box.width * strips.bins);
    showTip(svg, Math.max(0, Math.min(bin, strips.bins - 1)));
  }

  // Above the strips are the days of the stores where they have one clock, or each strip those of its own; else the days of UTC.
  const hasLocalAxis = () => zones[0].days.length > 0
    && (zones.length === 1 || zones.some((zone) => zone.from !== zones[0].from));

  function axisMarks(room) {
    const HOUR = 3600, DAY = 86400;
    const steps = [60, 300, 900, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 91 * DAY];
    const {from, to, days} = zones[0], length = to - from, marks = [];
    const step = steps.find((seconds) => length / seconds <= room) || Math.ceil(length / room / DAY) * DAY;
    const last = to - length / (room * 1.75); // there is no room behind it
    if (step >= DAY && hasLocalAxis()) {
      days.filter(([instant], i) => i % (step / DAY) === 0 && instant < last)
        .forEach(([instant, date]) => marks.push([instant, dayOf(new Date(date * DAY * 1000))]));
      return marks;
    }
    for (let at = Math.ceil(from / step) * step; at < last; at += step) {
      const time = new Date(at * 1000);
      marks.push([at, step < DAY ? clockOf(time) : dayOf(time)]);
    }
    return marks;
  }

  function drawAxis(cell) {
    const {from, to} = zones[0], axis = document.createElement("div");
    axis.className = "axis";
    axis.style.width = stripWidth() + "px";
    for (const [at, text] of axisMarks(stripWidth() / 42)) {
      const mark = document.createElement("span");
      mark.textContent = text;
      mark.style.left = (at - from) / (to - from) * 100 + "%";
      axis.append(mark);
    }
    const zone = hasLocalAxis() && !axis.textContent.includes(":") ? zones.length === 1 ? zones[0].name : "local" : "UTC";
    axis.append(Object.assign(document.createElement("small"), {textContent: zone.replace(/.*\//, "").replace(/_/g, " ")}));
    cell.append(axis);
  }

  // Strips, and what is above them, are in columns of their own, or under the ids.
  function placeStrips() {
    for (const axis of document.querySelectorAll(".axis")) {
      axis.remove();
    }
    for (const head of strips ? document.querySelectorAll("thead th.strip") : []) {
      const key = narrow.matches && head.parentNode.querySelector("th.id");
      drawAxis(key || head);
      const [from, to] = [strips.from, strips.to].map((seconds) => timeOf(new Date(seconds * 1000)));
      head.setAttribute("aria-label", `strip, ${from} to ${to} UTC`);
      head.closest("table").classList.toggle("stacked", Boolean(key));
    }
    for (const cell of document.querySelectorAll("td[data-strip]")) {
      for (const old of cell.parentNode.querySelectorAll("svg.strip")) {
        old.remove();
      }
      (narrow.matches ? cell.parentNode.cells[0] : cell).append(drawStrip(cell.dataset.strip));
    }
  }

  // ---- which rows, in which order ----

  let order = rows.map((_, number) => number); // places in `rows`
  const shownIds = keyColumn ? rows.map((row) => `${nameOf(row)} ${row[keyColumn]}`.trim().toLowerCase()) : [];
  let sorted = {column: 0, direction: 1};

  // What is not defined comes last both ways; rows that are alike stay in order of id.
  function compareBy(column, direction) {
    if (kinds[column - 1] === "key" && data.name) {
      return (a, b) => (shownIds[a] < shownIds[b] ? -direction : shownIds[a] > shownIds[b] ? direction : 0)
        || rows[a][0] - rows[b][0];
    }
    const cell = kinds[column - 1] === "key" ? 0 : column; // row numbers are in order of id
    return (a, b) => {
      const left = rows[a][cell], right = rows[b][cell];
      if (left === null || right === null) {
        return (left === null) - (right === null) || rows[a][0] - rows[b][0];
      }
      const [x, y] = typeof left === typeof right ? [left, right] : [typeof left, typeof right];
      return (x < y ? -direction : x > y ? direction : 0) || rows[a][0] - rows[b][0];
    };
  }

  function choose() {
    const wanted = search.value.toLowerCase(), group = chosenGroup ? chosenGroup.value : "";
    order = [];
    for (let number = 0; number < rows.length; number++) {
      if ((wanted === "" || keyColumn && shownIds[number].includes(wanted))
        && (group === "" || rows[number][data.group] === Number(group))) {
        order.push(number);
      }
    }
    if (sorted.column) {
      order.sort(compareBy(sorted.column, sorted.direction));
    }
    const all = `${grouped(rows.length)}${rows.length < data.all ? " of " + grouped(data.all) : ""}`;
    byId("matches").textContent = wanted === "" && group === "" ? `${all} ${noun(rows.length)}`
      : `${grouped(order.length)} of ${grouped(rows.length)} ${noun(rows.length)}`;
    byId("print-note").textContent = order.length <= PRINT_ROWS ? ""
      : `The first ${PRINT_ROWS} of ${grouped(order.length)} ${noun(order.length)} in the order shown.`;
    redraw();
  }

  function markSorted() {
    for (const head of heads) {
      head.removeAttribute("aria-sort");
      if (Number(head.dataset.column) === sorted.column) {
        head.setAttribute("aria-sort", sorted.direction > 0 ? "ascending" : "descending");
      }
    }
  }

  function sortBy(column) {
    sorted = {column, direction: sorted.column === column ? -sorted.direction : 1};
    markSorted();
    sheet.scrollTop = 0;
    active = 0;
    choose();
  }

  // ---- the rows in view ----

  const firsts = new Set(heads.filter((head) => head.classList.contains("first")).map((head) => Number(head.dataset.column)));
  const pads = [0, 1].map(() => {
    const pad = document.createElement("tr");
    pad.className = "pad";
    pad.setAttribute("aria-hidden", "true");
    pad.insertCell().colSpan = kinds.length;
    return pad;
  });
  let view = new Map(); // the elements of the rows in view, by their place in `order`
  let active = 0, bin = -1, rowHeight = 25, printing = false, found = -1;

  function makeRow(place) {
    const row = rows[order[place]], element = document.createElement("tr");
    element.setAttribute("aria-rowindex", place + table.tHead.rows.length + 1);
    element.place = place;
    kinds.forEach((kind, i) => {
      const cell = document.createElement(kind === "key" ? "th" : "td");
      if (kind === "key") {
        cell.scope = "row";
      }
      fill(cell, kind, row[i + 1], nameOf(row));
      cell.classList.toggle("first", firsts.has(i + 1)); // a line on its left
      element.append(cell);
    });
    const svg = narrow.matches && keyColumn && element.querySelector("svg.strip");
    if (svg) {
      element.cells[keyColumn - 1].append(svg);
    }
    element.classList.toggle("found", row[0] === found);
    return element;
  }

  // The sheet is lower than the window; how high it is, depends on the rows that it has.
  function draw() {
    const room = innerHeight, above = Math.floor(sheet.scrollTop / rowHeight);
    const first = printing ? 0 : Math.max(0, Math.min(above - OVERSCAN, order.length - 1));
    const last = printing ? Math.min(order.length, PRINT_ROWS)
      : Math.min(order.length, above + Math.ceil(room / rowHeight) + OVERSCAN);
    for (const [place, element] of view) {
      if (place < first || place >= last) {
        element.remove();
        view.delete(place);
      }
    }
    let next = pads[0].nextSibling;
    for (let place = first; place < last; place++) {
      let element = view.get(place);
      if (element && element === next) {
        next = next.nextSibling;
      } else {
        element = element || makeRow(place);
        view.set(place, element);
        body.insertBefore(element, next);
      }
    }
    pads[0].cells[0].style.height = first * rowHeight + "px";
    pads[1].cells[0].style.height = (printing ? 0 : order.length - last) * rowHeight + "px";
    if (!view.has(active)) {
      active = Math.max(first, Math.min(above, last - 1));
    }
    for (const [place, element] of view) {
      element.tabIndex = place === active ? 0 : -1;
    }
  }

  function redraw() {
    view = new Map();
    body.replaceChildren(...pads);
    hideTip();
    table.setAttribute("aria-rowcount", order.length + table.tHead.rows.length);
    draw();
    const one = view.get(active);
    const height = one ? one.getBoundingClientRect().height : 0; // other than asked for where text is set to be larger
    if (!printing && height > 0 && Math.abs(height - rowHeight) > .01) {
      rowHeight = height;
      draw();
    }
    if (order.length === 0) {
      const none = document.createElement("tr");
      none.className = "none";
      const cell = none.insertCell();
      cell.colSpan = kinds.length;
      cell.textContent = rows.length ? `No ${data.noun} matches.` : `There are no ${noun(0)}.`;
      body.insertBefore(none, pads[1]);
    }
  }

  // ---- moving about ----

  function reveal(place) {
    const head = table.tHead.offsetHeight, top = place * rowHeight;
    if (top < sheet.scrollTop) {
      sheet.scrollTop = top;
    } else if (top + rowHeight + head > sheet.scrollTop + sheet.clientHeight) {
      sheet.scrollTop = top + rowHeight + head - sheet.clientHeight;
    }
  }

  function moveTo(place) {
    if (order.length === 0) {
      return;
    }
    active = Math.max(0, Math.min(place, order.length - 1));
    reveal(active);
    draw();
    view.get(active).focus({preventScroll: true});
  }

  function moveBin(by) {
    const element = view.get(active), svg = element && element.querySelector("svg.strip");
    if (svg) {
      bin = Math.max(0, Math.min(bin < 0 ? (by > 0 ? 0 : strips.bins - 1) : bin + by, strips.bins - 1));
      svg.scrollIntoView({block: "nearest", inline: "nearest"});
      showTip(svg, bin);
    }
  }

  function rowKey(event) {
    const page = Math.max(1, Math.floor((sheet.clientHeight - table.tHead.offsetHeight) / rowHeight) - 1);
    const rowMoves = {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity};
    const binMoves = {ArrowRight: 1, ArrowLeft: -1};
    if (event.ctrlKey || event.altKey || event.metaKey || !event.target.closest("tbody tr")) {
      return;
    } else if (event.key in rowMoves) {
      hideTip();
      moveTo(active + rowMoves[event.key]);
      if (bin >= 0) {
        moveBin(0);
      }
    } else if (event.key in binMoves && strips) {
      moveBin(binMoves[event.key]);
    } else {
      return;
    }
    event.preventDefault();
  }

  function showAll() {
    search.value = "";
    if (chosenGroup) {
      chosenGroup.value = "";
    }
  }

  // Shows the rows of a group alone.
  function goToGroup(number) {
    showAll();
    chosenGroup.value = number;
    sheet.scrollTop = 0;
    active = 0;
    choose();
    byId("all").scrollIntoView();
    chosenGroup.focus({preventScroll: true});
  }

  // Shows a row that a link names by its number, even where the search had hidden it.
  function goTo(number) {
    let place = order.findIndex((at) => rows[at][0] === number);
    if (place < 0) {
      showAll();
      choose();
      place = order.findIndex((at) => rows[at][0] === number);
    }
    found = number;
    redraw();
    byId("all").scrollIntoView();
    sheet.scrollTop = (place - 3) * rowHeight;
    moveTo(place);
  }

  function linkRows() {
    const known = new Map(rows.map((row) => ["#row-" + row[0], row[0]]));
    for (const link of document.querySelectorAll("a[href^='#row-']")) {
      const number = known.get(link.getAttribute("href"));
      if (number === undefined) {
        link.removeAttribute("href");
      } else {
        link.addEventListener("click", (event) => {
          event.preventDefault();
          goTo(number);
        });
      }
    }
  }

  function linkGroups() {
    for (const link of document.querySelectorAll("a[href^='#group-']")) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        goToGroup(link.hash.slice("#group-".length));
      });
    }
  }

  function setPrinting(now) {
    if (now !== printing) {
      printing = now;
      redraw();
    }
  }

  // ---- start ----

  document.documentElement.classList.add("js");
  placeStrips();
  for (const list of document.querySelectorAll(".legend")) {
    drawLegend(list);
  }
  for (const head of heads.filter((one) => one.classList.contains("any"))) {
    if (rows.some((row) => typeof row[head.dataset.column] === "number")) {
      head.classList.replace("any", "number");
    }
  }
  linkRows();
  linkGroups();
  if (keyColumn && !data.name && rows.every((row, number) => number === 0 || rows[number - 1][0] < row[0])) {
    sorted = {column: keyColumn, direction: 1};
  }
  markSorted();
  choose();
  table.tHead.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) {
      sortBy(Number(button.parentNode.dataset.column));
    }
  });
  for (const control of chosenGroup ? [search, chosenGroup] : [search]) {
    control.addEventListener("input", () => {
      sheet.scrollTop = 0;
      active = 0;
      choose();
    });
  }
  let waiting = false;
  sheet.addEventListener("scroll", () => {
    hideTip();
    if (!waiting) {
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        draw();
      });
    }
  });
  addEventListener("resize", draw);
  body.addEventListener("keydown", rowKey);
  body.addEventListener("focusin", (event) => {
    const element = event.target.closest("tr");
    if (element && element.place !== active) {
      active = element.place;
      draw();
    }
  });
  body.addEventListener("focusout", () => {
    bin = -1;
    hideTip();
  });
  document.addEventListener("pointermove", pointed);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && event.target !== search && event.target !== chosenGroup) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape") {
      hideTip();
      if (event.target === search && search.value !== "") {
        search.value = "";
        choose();
      }
    }
  });
  narrow.addEventListener("change", () => {
    placeStrips();
    redraw();
  });
  addEventListener("beforeprint", () => setPrinting(true));
  addEventListener("afterprint", () => setPrinting(false));
  matchMedia("print").addEventListener("change", (event) => setPrinting(event.matches));
})();
]==])
