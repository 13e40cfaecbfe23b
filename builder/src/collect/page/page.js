"use strict";
// One page, no network. Texts of reports come from broken PCs and strangers, so nothing here ever becomes
// markup: every text is a text node, every attribute is set by name.
(() => {
const WORDS = "{{words}}";
const LANGUAGES = ["en", "fr", "de", "es"];
const OUTCOMES = ["repaired", "healthy", "undone", "affected", "needs-key", "needs-you", "disk-failing", "refused", "failed"];
const SYMBOLS = ["✔", "●", "↶", "▲", "◆", "!", "✖", "■", "✖"];
const DONE = 2;                     // outcomes below this one leave nothing to do
const ROW = 37;                     // height of a row of the list, with its line
const MOST_PRINTED = 1500;
const model = JSON.parse(document.getElementById("model").textContent);
const M = model.machines, S = model.strings, COUNT = M.name.length;
const text = (column, at) => S[M[column][at]];
let language = "en", sorted = { column: "outcome", down: true }, shown = [], chunks = new Map();

// ---- words, numbers, elements
const t = (key, ...values) => (WORDS[key] || [key])[LANGUAGES.indexOf(language)] .replace(/\{(\d)\}/g, (_, at) => typeof values[at] === "number" ? number(values[at]) : values[at]);
const number = (value) => new Intl.NumberFormat(language).format(value);
const collator = () => new Intl.Collator(language, { numeric: true, sensitivity: "base" });
const duration = (ms) => ms < 99950 ? new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(ms / 1000) + " s" : Math.floor(ms / 60000) + " min " + String(Math.round(ms / 1000) % 60).padStart(2, "0") + " s";
// As in the list: without the time in which a person was waited for.
const workOf = (report) => Math.max(0, (report["took-ms"] || 0) - (report.timings || []).filter((one) => one.stage === "wait").reduce((sum, one) => sum + one["took-ms"], 0));
const dayText = (day) => /^\d{4}-\d\d-\d\d$/.test(day) && !isNaN(Date.parse(day)) ? new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" }).format(new Date(day)) : day || t("no-day");
const bytes = (value) => value == null ? null : value >= 1e9 ? number(Math.round(value / 1e8) / 10) + " GB" : number(Math.round(value / 1e6)) + " MB";
function el(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value == null || value === false) continue;
    if (key === "click") made.addEventListener("click", value); else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((one) => one != null && one !== false).map((one) => one instanceof Node ? one : String(one)));
  return made;
}
function svg(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes || {})) if (value != null) made.setAttribute(key, value);
  made.append(...children.flat(Infinity).filter((one) => one != null));
  return made;
}
const card = (title, ...children) => el("div", { class: "card" }, title && el("h2", {}, title), children);
const badge = (at, key = "one-") => el("span", { class: "badge " + OUTCOMES[at] }, el("span", { class: "sym", "aria-hidden": "true" }, SYMBOLS[at]), t(key + OUTCOMES[at]));
const facts = (...pairs) => el("dl", { class: "facts" }, pairs.filter(([, value]) => value != null && value !== "" && !(Array.isArray(value) && !value.length)).map(([key, value]) => [el("dt", {}, key), el("dd", {}, value)]));
const table = (heads, rows, caption) => el("div", { class: "scroll" }, el("table", {}, caption && el("caption", { class: "hide" }, caption),
  el("thead", {}, el("tr", {}, heads.map(([head, kind]) => el("th", { scope: "col", class: kind }, head)))),
  el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell, at) => el("td", { class: heads[at][1] || "wrap" }, cell)))))));
const machineLink = (at, label) => el("a", { href: "#/machine/" + at }, label || text("name", at));
const fill = (id, ...children) => document.getElementById(id).replaceChildren(...children.flat(Infinity).filter(Boolean));
const counted = (column) => { const counts = new Map(); for (let at = 0; at < COUNT; at++) { const key = M[column][at]; let row = counts.get(key); if (!row) counts.set(key, row = new Array(OUTCOMES.length).fill(0)); row[M.outcome[at]]++; } return counts; };
const sum = (list) => list.reduce((one, other) => one + other, 0);

// ---- charts: figures stand beside the bars, and a table says the same to a screen reader
function hiddenTable(caption, rows) {
  const used = OUTCOMES.map((_, at) => at).filter((at) => rows.some(([, counts]) => counts[at]));
  const made = table([["", ""], ...used.map((at) => [t("one-" + OUTCOMES[at]), "num"])], rows.map(([label, counts]) => [label, ...used.map((at) => number(counts[at]))]), caption);
  made.className = "hide";
  return made;
}
function barsAcross(caption, rows) {
  const most = Math.max(1, ...rows.map(([, counts]) => sum(counts))), height = 27, left = 150, width = 560;
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${rows.length * height + 4}`, role: "img", "aria-label": caption });
  rows.forEach(([label, counts], row) => {
    const y = row * height + 3, total = sum(counts);
    drawing.append(svg("text", { x: left - 8, y: y + 15, "text-anchor": "end" }, label.length > 21 ? label.slice(0, 20) + "…" : label, svg("title", {}, label)));
    let x = left;
    counts.forEach((count, at) => {
      if (!count) return;
      const w = (width - left - 56) * count / most;
      drawing.append(svg("rect", { class: "bar " + OUTCOMES[at], x: x.toFixed(1), y, width: Math.max(w, 1).toFixed(1), height: 20, rx: 2 }, svg("title", {}, `${label}: ${number(count)} ${t(OUTCOMES[at])}`)));
      x += w;
    });
    drawing.append(svg("text", { class: "soft", x: x + 7, y: y + 15 }, number(total)));
  });
  return [drawing, hiddenTable(caption, rows)];
}
function barsUp(caption, rows) {
  const most = Math.max(1, ...rows.map(([, counts]) => sum(counts))), width = 560, height = 230, floor = 196, left = 8;
  const step = (width - left) / Math.max(rows.length, 6), thick = Math.min(46, step * 0.78);
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": caption });
  drawing.append(svg("line", { class: "axis", x1: 0, x2: width, y1: floor + .5, y2: floor + .5 }));
  const every = Math.ceil(rows.length / 9);
  rows.forEach(([label, counts], column) => {
    const middle = left + step * (column + .5);
    let y = floor;
    counts.forEach((count, at) => {
      if (!count) return;
      const h = (floor - 22) * count / most;
      y -= h;
      drawing.append(svg("rect", { class: "bar " + OUTCOMES[at], x: (middle - thick / 2).toFixed(1), y: y.toFixed(1), width: thick.toFixed(1), height: Math.max(h, 1).toFixed(1), rx: 2 }, svg("title", {}, `${label}: ${number(count)} ${t(OUTCOMES[at])}`)));
    });
    if (step > 24) drawing.append(svg("text", { class: "soft", x: middle, y: y - 6, "text-anchor": "middle" }, number(sum(counts))));
    if (column % every === 0) {
      const date = /^\d{4}-/.test(label) ? new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" }).format(new Date(label)) : "?";
      drawing.append(svg("text", { class: "soft", x: middle, y: floor + 18, "text-anchor": "middle" }, date));
    }
  });
  return [drawing, hiddenTable(caption, rows.map(([label, counts]) => [dayText(label), counts]))];
}
function onePile(caption, counts) {
  const total = Math.max(1, sum(counts)), drawing = svg("svg", { viewBox: "0 0 1000 34", preserveAspectRatio: "none", role: "img", "aria-label": caption, height: 34 });
  let x = 0;
  counts.forEach((count, at) => {
    if (!count) return;
    const w = 1000 * count / total;
    drawing.append(svg("rect", { class: "bar " + OUTCOMES[at], x, y: 0, width: w, height: 34 }, svg("title", {}, `${number(count)} ${t(OUTCOMES[at])}`)));
    x += w;
  });
  return drawing;
}
function spread(times) {
  const bounds = [1, 2, 3, 5, 10, 20, 30, 60, 120, 300, Infinity], counts = bounds.map(() => 0);
  for (const ms of times) counts[bounds.findIndex((bound) => ms <= bound * 1000)]++;
  const first = counts.findIndex(Boolean), last = counts.findLastIndex(Boolean), most = Math.max(...counts), width = 560, step = width / (last - first + 1);
  const name = (bound) => bound === Infinity ? "> 5 min" : bound < 60 ? "≤ " + bound + " s" : "≤ " + bound / 60 + " min";
  const drawing = svg("svg", { viewBox: "0 0 560 150", role: "img", "aria-label": t("work") }, svg("line", { class: "axis", x1: 0, x2: width, y1: 120.5, y2: 120.5 }));
  for (let at = first; at <= last; at++) {
    const h = 96 * counts[at] / most, middle = step * (at - first + .5), thick = Math.min(60, step * .8);
    drawing.append(svg("rect", { class: "bar plain", x: middle - thick / 2, y: 120 - h, width: thick, height: h, rx: 2 }),
      svg("text", { class: "soft", x: middle, y: 114 - h, "text-anchor": "middle" }, number(counts[at])), svg("text", { class: "soft", x: middle, y: 138, "text-anchor": "middle" }, name(bounds[at])));
  }
  return drawing;
}

// ---- views
function overview() {
  const counts = new Array(OUTCOMES.length).fill(0);
  for (const outcome of M.outcome) counts[outcome]++;
  const left = sum(counts.slice(DONE));
  const lead = COUNT === 0 ? t("lead-none") : COUNT === 1 ? left ? t("lead-one-left") : t("lead-one") : left === 0 ? t("lead-all", COUNT) : left === 1 ? t("lead-left-one", COUNT - left, COUNT) : t("lead", COUNT - left, COUNT, left);
  const tiles = el("ul", { class: "tiles" }, counts.map((count, at) => count > 0 && el("li", {}, el("a", { class: OUTCOMES[at], href: "#/machines?outcome=" + OUTCOMES[at] }, el("span", { class: "n" }, number(count)), " ", el("span", { class: "w" }, badge(at, ""))))));
  const sites = [...counted("site")].map(([key, row]) => [S[key] || t("no-site"), row]).sort((one, other) => sum(other[1]) - sum(one[1]) || collator().compare(one[0], other[0]));
  const rest = sites.splice(12);
  if (rest.length) sites.push([t("other-sites", rest.length), rest.reduce((total, [, row]) => total.map((count, at) => count + row[at]), new Array(OUTCOMES.length).fill(0))]);
  const days = [...counted("day")].map(([key, row]) => [S[key] || t("no-day"), row]).sort((one, other) => one[0] < other[0] ? -1 : 1);
  const times = M.took.filter((_, at) => M.outcome[at] === 0).sort((one, other) => one - other);
  const leftCounts = counts.map((count, at) => [at, count]).filter(([at, count]) => at >= DONE && count);
  fill("overview", el("p", { class: "lead", id: "lead" }, lead), proofLine(),
    COUNT > 0 && card(t("outcomes"), onePile(t("outcomes"), counts), tiles),
    factorsCard(),
    COUNT > 0 && el("div", { class: "grid" },
      card(t("by-site"), barsAcross(t("by-site"), sites)),
      card(t("by-day"), barsUp(t("by-day"), days)),
      card(t("left-to-do"), leftCounts.length ? el("ul", { class: "plain" }, leftCounts.map(([at, count]) => el("li", {}, el("a", { href: "#/machines?outcome=" + OUTCOMES[at] }, number(count) + " " + t(OUTCOMES[at]))))) : el("p", {}, t("nothing-left"))),
      times.length > 0 && card(t("work"), spread(times), el("p", { class: "note" }, t("work-note", duration(times[(times.length - 1) >> 1]), duration(times[Math.floor((times.length - 1) * .9)]))))));
}
function proofLine() {
  if (!model.reports && !model.apart.total) return null;
  const isGood = !model.apart.total, signers = model.sticks.length === 1 ? t("known-stick") : t("known-sticks", model.sticks.length);
  const kinds = Object.entries(model.apart.counts).map(([kind, count]) => number(count) + " " + t("k-" + kind)).join(", ");
  return el("p", { class: "proof" }, el("span", { class: isGood ? "good" : "bad", "aria-hidden": "true" }, isGood ? "✔" : "▲"),
    el("span", {}, isGood ? model.reports === 1 ? t("one-authentic", signers) : t("all-authentic", model.reports, signers) : [t("some-apart", model.reports), " " + kinds + " (", el("a", { href: "#/sticks" }, t("see-them")), ")."]));
}
function factorsCard() {
  const { affected, healthy, rows, compared, sentences } = model.factors;
  if (!affected || !healthy) return null;
  if (!rows.length) return card(t("apart"), el("p", { class: "note" }, t("cannot-tell", affected, healthy)));
  const share = (count, all) => {
    const part = all ? count / all : 0;
    return el("div", { class: "share" }, svg("svg", { viewBox: "0 0 120 12", "aria-hidden": "true" }, svg("rect", { class: "base", width: 120, height: 12, rx: 3 }), svg("rect", { class: "plain", width: 120 * part, height: 12, rx: 3 })), el("span", {}, `${number(count)} / ${number(all)}`));
  };
  const chance = (log10) => log10 < -6 ? "< 10⁻⁶" : log10 < -3 ? "< " + number(10 ** Math.ceil(log10 + .0001)) : new Intl.NumberFormat(language, { maximumSignificantDigits: 2 }).format(10 ** log10);
  return card(t("apart"), sentences && el("p", { class: "lead" }, sentences[LANGUAGES.indexOf(language)]),
    table([[t("factor"), ""], [t("among-affected"), "num"], [t("among-healthy"), "num"], [t("p-value"), "num"]], rows.map((row) => [row.names[LANGUAGES.indexOf(language)] + (row.defining ? " ◇" : ""), share(...row.affected), share(...row.healthy), chance(row.log10)]), t("apart")),
    el("p", { class: "note" }, t("p-note", compared)));
}
function machinesView() {
  const pick = (id, label, options) => el("label", {}, t(label), el("select", { id }, el("option", { value: "" }, t("any")), options.map(([value, name]) => el("option", { value }, name))));
  const used = new Set(M.outcome), siteKeys = [...new Set(M.site)].sort((one, other) => collator().compare(S[one], S[other]));
  const columns = [["outcome", "outcome", 17], ["name", "machine", 15], ["site", "site", 14], ["model", "model", 15], ["windows", "windows", 18], ["stick", "stick", 11], ["day", "day", 11], ["took", "took", 8]];
  fill("machines", el("h2", { class: "paper-only" }, t("list")), el("div", { class: "card" },
    el("div", { class: "filters", role: "search" },
      el("label", { class: "search" }, t("search"), el("input", { id: "search", type: "search", placeholder: t("search-hint"), autocomplete: "off" })),
      pick("outcome", "outcome", OUTCOMES.map((name, at) => [name, t("one-" + name), at]).filter(([, , at]) => used.has(at))),
      pick("site", "site", siteKeys.map((key) => [key, S[key] || t("no-site")])),
      el("button", { type: "button", click: () => { location.hash = "#/machines"; setFilters({}); } }, t("reset")),
      el("output", { id: "shown", for: "search outcome site", role: "status" })),
    el("p", { class: "note paper-only", id: "print-limit", hidden: true }),
    el("div", { class: "list", id: "list", tabindex: "0", role: "region", "aria-label": t("list") },
      el("table", { "aria-rowcount": COUNT + 1 }, el("caption", { class: "hide" }, t("list")), el("colgroup", {}, columns.map(() => el("col"))),
        el("thead", {}, el("tr", {}, columns.map(([column, label]) => el("th", { scope: "col", id: "head-" + column, class: column === "took" ? "num" : null }, [el("button", { type: "button", click: () => sortBy(column) }, t(label)), el("span", { class: "paper-only" }, t(label))])))),
        el("tbody", { id: "rows" })))));
  const cols = document.querySelectorAll("#list col");
  columns.forEach(([, , width], at) => { cols[at].width = width + "%"; });
  document.getElementById("search").addEventListener("input", filterSoon);
  for (const id of ["outcome", "site"]) document.getElementById(id).addEventListener("change", filter);
  document.getElementById("list").addEventListener("scroll", () => requestAnimationFrame(drawRows), { passive: true });
}
let haystack = null, waiting = 0;
function filterSoon() { clearTimeout(waiting); waiting = setTimeout(filter, 60); }
function setFilters(values) {
  for (const id of ["search", "outcome", "site"]) document.getElementById(id).value = values[id] || "";
  filter();
}
function filter() {
  const plain = (value) => value.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  if (!haystack) haystack = M.name.map((_, at) => plain(["name", "serial", "vendor", "model", "windows", "product", "site", "stick", "technician", "ticket", "findings"].map((column) => text(column, at)).join("\n")));
  const words = plain(document.getElementById("search").value).split(/\s+/).filter(Boolean);
  const outcome = OUTCOMES.indexOf(document.getElementById("outcome").value), site = document.getElementById("site").value;
  shown = [];
  for (let at = 0; at < COUNT; at++)
    if ((outcome < 0 || M.outcome[at] === outcome) && (site === "" || M.site[at] === Number(site)) && words.every((word) => haystack[at].includes(word))) shown.push(at);
  order();
}
function sortBy(column) { sorted = { column, down: sorted.column === column ? !sorted.down : false }; order(); }
function order() {
  const { column, down } = sorted, way = down ? -1 : 1;
  if (column === "outcome" || column === "took") shown.sort((one, other) => way * (M[column][one] - M[column][other]) || one - other);
  else {
    const ranks = new Map(), compare = collator().compare;
    [...new Set(shown.map((at) => M[column][at]))].sort((one, other) => compare(S[one], S[other])).forEach((key, rank) => ranks.set(key, rank));
    shown.sort((one, other) => way * (ranks.get(M[column][one]) - ranks.get(M[column][other])) || one - other);
  }
  for (const head of document.querySelectorAll("#list th")) {
    const isOurs = head.id === "head-" + column;
    if (isOurs) head.setAttribute("aria-sort", down ? "descending" : "ascending"); else head.removeAttribute("aria-sort");
    const button = head.firstChild; button.textContent = button.textContent.replace(/ [▲▼]$/, "") + (isOurs ? down ? " ▼" : " ▲" : "");
  }
  document.getElementById("shown").textContent = t("shown", shown.length, COUNT);
  document.getElementById("list").scrollTop = 0;
  drawRows();
}
const briefly = (windows) => windows.replace(/^Microsoft /, "").replace("Service Pack ", "SP").replace(/ \(.*$/, "");
function rowOf(place) {
  const at = shown[place];
  const cell = (value, kind) => el("td", { class: kind, title: value instanceof Node ? null : value }, value);
  return el("tr", { "aria-rowindex": place + 2 }, cell(badge(M.outcome[at])), cell(machineLink(at)), cell(text("site", at)), cell(text("model", at)), el("td", { title: text("windows", at) }, briefly(text("windows", at))), cell(text("stick", at)), cell(dayText(text("day", at))), cell(duration(M.took[at]), "num"));
}
function drawRows(isPrinting) {
  const list = document.getElementById("list"), visible = Math.ceil(list.clientHeight / ROW) || 30;
  const first = isPrinting === true ? 0 : Math.max(0, Math.floor(list.scrollTop / ROW) - 10);
  const end = Math.min(shown.length, isPrinting === true ? MOST_PRINTED : first + visible + 25);
  const gap = (rows) => { const made = el("tr", { class: "gap", "aria-hidden": "true" }, el("td", { colspan: 8 })); made.firstChild.style.height = rows * ROW + "px"; return rows > 0 && isPrinting !== true ? made : null; };
  const rows = [];
  for (let place = first; place < end; place++) rows.push(rowOf(place));
  fill("rows", gap(first), rows, gap(shown.length - end));
  const limit = document.getElementById("print-limit");
  limit.hidden = shown.length <= MOST_PRINTED;
  limit.textContent = t("print-limit", Math.min(MOST_PRINTED, shown.length), shown.length);
}
function disksView() {
  const rows = model.disks.map((disk) => [machineLink(disk.machine), text("site", disk.machine), disk.model || "–", disk.serial || "–", el("b", { class: disk.condition === "failing" ? "bad" : null }, t(disk.condition)), disk.reasons.join("; ")]);
  fill("disks", card(t("disks-title"), rows.length ? [el("p", { class: "note" }, t("disks-note")), table([[t("machine"), ""], [t("site"), ""], [t("disk"), ""], [t("serial"), ""], [t("condition"), ""], [t("reason"), ""]], rows, t("disks-title"))] : el("p", {}, t("disks-none"))));
}
function sticksView() {
  const rows = model.sticks.map((stick) => [stick.id, stick.title, number(stick.reports), number(stick.machines), dayText(stick.first), dayText(stick.last), el("span", { class: stick.unbroken ? "good" : "bad" }, (stick.unbroken ? "✔ " : "▲ ") + t(stick.unbroken ? "unbroken" : "broken"))]);
  const apart = model.apart.rows.map((row) => [t("k-" + row.kind), row.place, row.reason]);
  fill("sticks", card(t("sticks-title"), table([[t("stick"), ""], [t("image"), ""], [t("reports"), "num"], [t("machines"), "num"], [t("first-day"), ""], [t("last-day"), ""], [t("chain"), ""]], rows, t("sticks-title"))),
    card(t("apart-title"), apart.length ? table([[t("kind"), ""], [t("place"), ""], [t("why"), ""]], apart, t("apart-title")) : el("p", {}, t("apart-none")), model.apart.total > apart.length && el("p", { class: "note" }, t("apart-more", model.apart.total - apart.length))));
}
function coverageView() {
  const { coverage } = model;
  if (!coverage) return;
  const order = ["unvisited", "left", "repaired", "healthy"], classes = { repaired: "repaired", healthy: "healthy", left: "affected", unvisited: "undone" };
  const all = coverage.rows.length + coverage.more;
  const tiles = el("ul", { class: "tiles" }, ["repaired", "healthy", "left", "unvisited"].map((state) => el("li", {}, el("a", { class: classes[state], href: "#/coverage" }, el("span", { class: "n" }, number(coverage.counts[state])), " ", el("span", { class: "w" }, t("c-" + state))))));
  const rows = coverage.rows.map(([name, serial, site, contact, state, machine]) => [machine == null ? name || "–" : machineLink(machine, name || serial), serial, site, contact, t("c-" + order[state])]);
  const list = (title, names, more) => names.length > 0 && card(`${t(title)} (${number(names.length + more)})`, el("p", {}, names.map((name, at) => [at ? ", " : "", typeof name === "number" ? machineLink(name) : name]), more > 0 && " …"));
  fill("coverage", card(`${t("coverage-title")} (${number(all)})`, tiles, el("p", { class: "note" }, t("visit-list-note"))),
    list("unexpected", coverage.unexpected, coverage.unexpectedMore), list("twice", coverage.twice, 0),
    card(t("list"), table([[t("machine"), ""], [t("serial"), ""], [t("site"), ""], [t("contact"), ""], [t("state"), ""]], rows, t("coverage-title")), coverage.more > 0 && el("p", { class: "note" }, "… " + number(coverage.more) + ", coverage.csv")));
}
function visitsView() {
  const rows = model.visits.rows.map((visit) => [dayText(visit.day), visit.site || t("no-site"), visit.technician || "–", visit.stick, visit.first, visit.last, number(visit.machines), number(visit.repaired)]);
  fill("visits", card(t("visits-title"), table([[t("day"), ""], [t("site"), ""], [t("technician"), ""], [t("stick"), ""], [t("first-boot"), "num"], [t("last-finish"), "num"], [t("machines"), "num"], [t("one-repaired"), "num"]], rows, t("visits-title")), model.visits.more > 0 && el("p", { class: "note" }, "… " + number(model.visits.more) + ", claims.csv"), el("p", { class: "note" }, t("visits-note"))));
}

// ---- one machine
async function detailsOf(at) {
  const chunk = M.chunk[at];
  if (chunk < 0) return null;
  if (!chunks.has(chunk)) {
    const packed = Uint8Array.from(atob(document.getElementById("chunk-" + chunk).textContent), (one) => one.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    chunks.set(chunk, new Response(stream).json());
  }
  return (await chunks.get(chunk))[M.inChunk[at]];
}
async function machineView(at) {
  if (!(at >= 0 && at < COUNT)) { fill("machine", back(), el("p", {}, t("unknown-machine"))); return; }
  const head = el("div", { class: "machine-head" }, el("h2", { tabindex: "-1" }, text("name", at)), badge(M.outcome[at]));
  fill("machine", back(), head, el("p", { class: "note" }, t("reading")));
  head.firstChild.focus({ preventScroll: true });
  const asked = location.hash, details = await detailsOf(at);
  if (location.hash !== asked) return;
  if (!details) { fill("machine", back(), head, summaryCard(at), el("p", { class: "note" }, t("details-elsewhere", model.detailed))); return; }
  fill("machine", back(), head, details.map((one, index) => reportCards(one, at, details.length > 1 ? t("report-of", index + 1, details.length) : null)), el("p", { class: "note" }, t("english")));
}
const back = () => el("a", { class: "back", href: "#/machines" }, "← " + t("back"));
const summaryCard = (at) => card(null, facts([t("serial"), text("serial", at)], [t("maker"), text("vendor", at)], [t("model"), text("model", at)], [t("windows"), text("windows", at)], [t("security"), text("product", at)], [t("site"), text("site", at)], [t("stick"), text("stick", at)], [t("day"), dayText(text("day", at))], [t("took"), duration(M.took[at])]));
const lines = (list) => el("ul", { class: "plain" }, list.map((line) => el("li", {}, line)));
const yesNo = (value) => value == null ? null : t(value ? "yes" : "no");
function reportCards(one, at, title) {
  const report = one.report, health = report.health || {}, board = health.machine || {}, pc = report.machine || {}, clock = health.clock || {};
  const parts = [];
  if (title) parts.push(el("h2", {}, title));
  parts.push(el("div", { class: "grid" },
    card(t("hardware"), facts([t("maker"), pc.vendor], [t("model"), pc.model], [t("serial"), pc.serial], [t("asset"), board["asset-tag"]], [t("firmware"), [pc.firmware, board["firmware-version"], board["firmware-date"]].filter(Boolean).join(", ")], [t("secure-boot"), yesNo(board["secure-boot"])], [t("processor"), board.processor], [t("memory"), bytes(pc["memory-bytes"])], [t("board"), [board["board-vendor"], board["board-model"]].filter(Boolean).join(" ")],
      [t("clock"), clock.doubt]),
      (health.disks || []).length > 0 && [el("h3", {}, t("disks")), lines(health.disks.map((disk) => [el("b", { class: disk.condition === "failing" ? "bad" : disk.condition === "good" ? "good" : null }, t(disk.condition === "good" ? "good-disk" : disk.condition)), " ", [disk.name, disk.model, disk.serial, bytes(disk.size), disk.interface].filter(Boolean).join(", "), (disk.reasons || []).length > 0 && ": " + disk.reasons.join("; ")]))],
      (report.volumes || []).length > 0 && [el("h3", {}, t("volumes")), lines(report.volumes.map((volume) => [volume.name, volume["file-system"], bytes(volume.size), volume.state].filter(Boolean).join(", ")))]),
    card(t("report"), facts([t("day"), one.day ? dayText(one.day) + "  " + (report.started || "").slice(11, 16) + " UTC" : null], [t("took"), duration(workOf(report))], [t("site"), one.site], [t("technician"), one.technician], [t("ticket"), one.ticket], [t("image"), (report.stick || {}).title], ["SHA-256", el("code", {}, one.sha256)]),
      el("p", { class: "good" }, "✔ " + t("authentic", one.stick, String(one.number ?? "–"))), timings(report.timings || []), (report.notes || []).length > 0 && [el("h3", {}, t("next")), lines(report.notes)])));
  const windows = health.installations || [];
  for (const installation of report.installations || []) parts.push(installationCard(installation, windows.find((one) => one.volume === installation.volume && one.folder === installation.folder) || {}));
  for (const other of windows) if (!(report.installations || []).some((one) => one.volume === other.volume && one.folder === other.folder)) parts.push(card(t("health") + ": " + [other["product-name"], other.volume].filter(Boolean).join(", "), healthOf(other)));
  return parts;
}
function timings(list) {
  if (!list.length) return null;
  const most = Math.max(1, ...list.map((one) => one["took-ms"])), height = 24;
  const drawing = svg("svg", { viewBox: `0 0 520 ${list.length * height}`, role: "img", "aria-label": t("timings") + ": " + list.map((one) => one.stage + " " + duration(one["took-ms"])).join(", ") });
  list.forEach((one, row) => { const w = 320 * one["took-ms"] / most; drawing.append(svg("text", { x: 92, y: row * height + 16, "text-anchor": "end" }, String(one.stage).slice(0, 14)), svg("rect", { class: "plain", x: 102, y: row * height + 4, width: Math.max(1, w), height: 15, rx: 2 }), svg("text", { class: "soft", x: 110 + w, y: row * height + 16 }, duration(one["took-ms"]))); });
  return [el("h3", {}, t("timings")), drawing];
}
const VERDICTS = { "healthy": 1, "repaired": 0, "undone": 2, "affected": 3, "needs-you": 5, "refused": 7, "failed": 8 };
function installationCard(one, health) {
  const finding = (id) => WORDS["f-" + id] ? t("f-" + id) + " – " : "";
  return el("div", { class: "card" }, el("div", { class: "machine-head" }, el("h2", {}, one.windows), one.verdict in VERDICTS && badge(VERDICTS[one.verdict])), el("p", { class: "note" }, `${one.folder}, ${one.volume}`),
    one.findings.length > 0 && [el("h3", {}, t("found")), el("ul", { class: "plain" }, one.findings.map((found) => el("li", {}, finding(found.id), found.text, found.evidence.length > 0 && lines(found.evidence))))],
    one.plan && [el("h3", {}, t("plan")), el("pre", {}, one.plan)],
    one.candidates.length > 0 && [el("h3", {}, t("proof")), el("ul", { class: "plain" }, one.candidates.map((candidate) => el("li", {}, el("b", { class: candidate.accepted ? "good" : null }, t(candidate.accepted ? "accepted" : "rejected")), " ", el("code", {}, candidate.place), " – ", candidate.reason)))],
    one.changes.length > 0 && [el("h3", {}, t("changes")), el("ul", { class: "plain" }, one.changes.map((change) => el("li", {}, el("code", {}, change.path), el("br"), t("before"), " ", el("code", {}, change.before || t("absent")), el("br"), t("after"), " ", el("code", {}, change.after || t("absent")), change.kept && [el("br"), t("kept-in"), " ", el("code", {}, change.kept)])))],
    one.advice.length > 0 && [el("h3", {}, t("next")), lines(one.advice)],
    el("h3", {}, t("health")), healthOf(health, one.products));
}
function healthOf(health, products) {
  const listing = (key, list) => list && list.items.length > 0 && el("details", {}, el("summary", {}, t(key, list.items.length + (list["left-out"] || 0))), lines(list.items.map((item) => [item.name, item.version, item.publisher, item.installed].filter(Boolean).join(", "))));
  const setting = (one) => el("li", {}, one.title, ": ", el("b", {}, one.on == null ? t("not-told") : t(one.on ? "on" : "off")));
  return [facts([t("build"), [health.build, health.edition, health.language].filter(Boolean).join(", ")], [t("domain"), health.domain], [t("installed"), (health.installed || "").slice(0, 10)], [t("last-shutdown"), (health["last-shutdown"] || "").replace("T", " ").replace("Z", " UTC")], [t("time-zone"), health["time-zone"]]),
    (health.products || []).length > 0 ? [el("h3", {}, t("security")), health.products.map((product) => [el("p", {}, [product.name, product.version, product.engine && t("engine") + " " + product.engine, product.definitions && t("definitions") + " " + product.definitions, product["definitions-date"]].filter(Boolean).join(", ")), product.settings.length > 0 && el("ul", { class: "plain" }, product.settings.map(setting))])] : (products || []).length > 0 && [el("h3", {}, t("security")), lines(products)],
    (health["changed-services"] || []).length > 0 && [el("h3", {}, t("services")), lines(health["changed-services"].map((one) => `${one.name}: ${one.what} ${one.found} (${one.expected})`))],
    listing("hotfixes-n", health.hotfixes), listing("programs-n", health.programs)];
}

// ---- the frame
const VIEWS = ["overview", "machines", "disks", "coverage", "visits", "sticks"];
const has = (view) => view === "coverage" ? !!model.coverage : view === "visits" ? model.visits.rows.length > 0 : true;
function frame() {
  document.documentElement.lang = language;
  for (const place of document.querySelectorAll("[data-t]")) place.textContent = t(place.dataset.t);
  const days = S.length && COUNT ? M.day.map((key) => S[key]).filter(Boolean).sort() : [];
  document.getElementById("subtitle").textContent = [COUNT === 1 ? t("machine-1") : t("machines-n", COUNT), days.length && (days[0] === days.at(-1) ? dayText(days[0]) : t("from-to", dayText(days[0]), dayText(days.at(-1))))].filter(Boolean).join(" · ");
  const counts = { machines: COUNT, disks: model.disks.length };
  fill("tabs", VIEWS.filter(has).map((view) => el("a", { href: "#/" + view, id: "tab-" + view }, t(view), counts[view] != null && [" ", el("span", { class: "count" }, number(counts[view]))])));
  document.getElementById("tabs").setAttribute("aria-label", t("views"));
  document.getElementById("footer").textContent = t("footer", model.version);
  const isDark = document.documentElement.dataset.theme === "dark", theme = document.getElementById("theme");
  theme.textContent = t(isDark ? "light" : "dark");
  theme.setAttribute("aria-pressed", String(isDark));
}
function route() {
  const [, view = "overview", id, query] = location.hash.match(/^#\/([a-z]+)(?:\/(\d+))?(?:\?(.*))?$/) || [];
  const isMachine = view === "machine", name = isMachine || (VIEWS.includes(view) && has(view)) ? view : "overview";
  for (const section of document.querySelectorAll("section.view")) section.hidden = section.id !== name;
  document.body.dataset.view = name;
  for (const tab of document.querySelectorAll("#tabs a")) if (tab.id === "tab-" + (isMachine ? "machines" : name)) tab.setAttribute("aria-current", "page"); else tab.removeAttribute("aria-current");
  if (isMachine) machineView(Number(id));
  if (name === "machines") { if (query) setFilters(Object.fromEntries(new URLSearchParams(query))); else drawRows(); }
  scrollTo(0, 0);
}
function draw() {
  const kept = ["search", "outcome", "site"].map((id) => [id, document.getElementById(id)?.value]);
  frame(); overview(); machinesView(); disksView(); coverageView(); visitsView(); sticksView();
  setFilters(Object.fromEntries(kept)); route();
}
function start() {
  const wish = new URLSearchParams(location.search).get("lang") || model.language;
  language = LANGUAGES.includes(wish) ? wish : "en";
  const choice = document.getElementById("language"), root = document.documentElement;
  choice.append(...[["en", "English"], ["fr", "Français"], ["de", "Deutsch"], ["es", "Español"]].map(([value, name]) => el("option", { value, lang: value }, name)));
  choice.value = language;
  choice.addEventListener("change", () => { language = choice.value; draw(); });
  root.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.getElementById("theme").addEventListener("click", () => { root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark"; frame(); route(); });
  document.getElementById("print").addEventListener("click", () => print());
  addEventListener("hashchange", route);
  addEventListener("resize", () => requestAnimationFrame(drawRows));
  addEventListener("beforeprint", () => { drawRows(true); for (const one of document.querySelectorAll("#machine details")) one.open = true; });
  addEventListener("afterprint", () => drawRows());
  draw();
}
start();
})();
