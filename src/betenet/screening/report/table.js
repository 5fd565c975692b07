"use strict";
// Search, order and pages of the ranked table. Without this script the table shows all its rows.
(() => {
  const table = document.getElementById("ranking");
  if (!table) return;
  const body = table.tBodies[0];
  const element = (id) => document.getElementById(id);
  const [query, outcome, size] = ["query", "outcome", "size"].map(element);
  const [shown, pager, pageText] = ["shown", "pager", "page"].map(element);
  const heads = [...table.tHead.rows[0].cells];
  const keys = heads.map((head) => head.dataset.key);
  const places = { formula: keys.indexOf("formula"), name: keys.indexOf("name") };
  const elementsOf = (formula) => new Set(formula.match(/[A-Z][a-z]?/g) || []);

  const rows = [...body.rows].map((row, index) => {
    const words = (place) => (place < 0 ? "" : row.cells[place].textContent);
    const formula = words(places.formula);
    return {
      row, index,
      outcome: row.dataset.outcome,
      elements: elementsOf(formula),
      text: (formula + " " + words(places.name)).toLowerCase(),
      values: new Map(),
    };
  });
  const known = new Set(rows.flatMap((one) => [...one.elements]));

  // ----- what is asked for; the address keeps it
  const start = { sort: "rank", order: "asc", q: "", outcome: "", page: 1, size: 50 };
  let state = { ...start };
  let visible = rows;

  const readAddress = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    state = { ...start };
    for (const key of Object.keys(start)) if (given.has(key)) state[key] = given.get(key);
    if (!keys.includes(state.sort)) state.sort = "rank";
    if (state.order !== "desc") state.order = "asc";
    if (![...outcome.options].some((one) => one.value === state.outcome)) state.outcome = "";
    if (![...size.options].some((one) => one.value === String(state.size))) state.size = 50;
    state.size = Number(state.size);
    state.page = Math.max(1, Math.trunc(Number(state.page)) || 1);
    query.value = state.q;
    outcome.value = state.outcome;
    size.value = String(state.size);
  };
  const writeAddress = () => {
    const kept = new URLSearchParams();
    for (const key of Object.keys(start))
      if (String(state[key]) !== String(start[key])) kept.set(key, state[key]);
    const hash = kept.toString();
    history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search);
  };

  // ----- search
  const matcher = (word) => {
    const excludes = word.length > 1 && /^[-−]/.test(word);
    const wanted = excludes ? word.slice(1) : word;
    const lower = wanted.toLowerCase();
    const matches = known.has(wanted)
      ? (one) => one.elements.has(wanted)
      : (one) => one.text.includes(lower);
    return excludes ? (one) => !matches(one) : matches;
  };

  // ----- order: what is not known comes last both ways; equal ones stay in the order of the ranks
  const valueOf = (one, place) => {
    if (!one.values.has(place)) {
      const cell = one.row.cells[place];
      const text = cell.textContent.trim();
      const number = cell.dataset.v ?? (keys[place] === "rank" ? text : undefined);
      one.values.set(place, number !== undefined ? Number(number)
        : text === "" || numeric.has(place) ? null : text);
    }
    return one.values.get(place);
  };
  const numeric = new Set(heads.map((_, place) => place).filter(
    (place) => rows.some((one) => one.row.cells[place].dataset.v !== undefined)));
  const words = new Intl.Collator("en", { numeric: true });
  const compare = (place, sign) => (a, b) => {
    const [x, y] = [valueOf(a, place), valueOf(b, place)];
    if (x === null || y === null) return (x === null) - (y === null) || a.index - b.index;
    const difference = typeof x === "number" ? x - y : words.compare(x, y);
    return sign * difference || a.index - b.index;
  };

  // ----- what is seen
  const update = () => {
    const tests = state.q.split(/[\s,;]+/).filter(Boolean).map(matcher);
    if (state.outcome) tests.push((one) => one.outcome === state.outcome);
    visible = rows.filter((one) => tests.every((test) => test(one)));
    visible.sort(compare(keys.indexOf(state.sort), state.order === "desc" ? -1 : 1));
    show();
  };
  const show = () => {
    const pages = Math.max(1, Math.ceil(visible.length / state.size));
    state.page = Math.min(state.page, pages);
    const first = (state.page - 1) * state.size;
    const part = visible.slice(first, first + state.size);
    body.replaceChildren(...part.map((one) => one.row));
    heads.forEach((head, place) => {
      const here = keys[place] === state.sort;
      head.setAttribute("aria-sort",
        !here ? "none" : state.order === "desc" ? "descending" : "ascending");
    });
    const range = part.length ? `${first + 1}–${first + part.length} of ` : "";
    const all = visible.length === rows.length ? "" : ` found among ${rows.length}`;
    shown.textContent = `${range}${visible.length} candidates${all}`;
    pageText.textContent = `page ${state.page} of ${pages}`;
    for (const button of pager.querySelectorAll("button")) {
      const back = ["first", "previous"].includes(button.dataset.step);
      button.disabled = back ? state.page === 1 : state.page === pages;
    }
    pager.hidden = pages === 1;
  };
  const change = (changes) => {
    Object.assign(state, { page: 1 }, changes);
    update();
    writeAddress();
  };

  // ----- what a reader can do
  heads.forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const key = keys[place];
      // numbers: the greatest first, since that is what one looks for
      const natural = numeric.has(place) ? "desc" : "asc";
      const other = state.order === "asc" ? "desc" : "asc";
      change({ sort: key, order: state.sort === key ? other : natural });
    });
  });
  let waiting = 0;
  query.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => change({ q: query.value.trim() }), 120);
  });
  outcome.addEventListener("change", () => change({ outcome: outcome.value }));
  size.addEventListener("change", () => change({ size: Number(size.value) }));
  element("controls").addEventListener("submit", (event) => event.preventDefault());
  pager.addEventListener("click", (event) => {
    const step = event.target.dataset.step;
    if (!step) return;
    const pages = Math.ceil(visible.length / state.size);
    const to = { first: 1, previous: state.page - 1, next: state.page + 1, last: pages }[step];
    state.page = Math.min(Math.max(to, 1), pages);
    show();
    writeAddress();
    element("controls").scrollIntoView({ block: "start" });
  });
  window.addEventListener("hashchange", () => { readAddress(); update(); });

  for (const id of ["controls", "shown"]) element(id).hidden = false;
  document.documentElement.classList.add("scripted");
  readAddress();
  update();
})();
