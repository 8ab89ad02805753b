"use strict";
// The console page. It shows what /events says and sends what people do; it keeps no truth of its own.
const $ = (id) => document.getElementById(id);
const words = $("t-words").dataset;
const values = JSON.parse(words.values);
const told = { alerts: [], orders: [], fills: [], positions: [], notices: [], accounts: [], state: {} };
const RECENT = 60;
const SILENT_MS = 6000;

const say = (name, value) => values[`${name}.${value}`] ?? value;
const fit = (text, values) => text.replace(/{(\w+)}/g, (_, name) => values[name] ?? "");
const clock = (iso) => new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const money = (text) => Number(text).toLocaleString([], { maximumFractionDigits: 2 });
const short = (text) => (text === null || text === undefined ? "–" : text.includes(".") ? text.slice(0, text.indexOf(".") + 5) : text);
const copy = (id) => $(id).content.firstElementChild.cloneNode(true);

function fill(element, values) {
  for (const slot of element.querySelectorAll("[data-f]")) slot.textContent = values[slot.dataset.f] ?? "–";
  return element;
}

async function send(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error?.message ?? document.body.dataset.error);
  return answer;
}

// prices

const cards = new Map();
function showPrice(row) {
  let card = cards.get(row.ticker);
  if (!card) {
    card = { element: copy("t-price"), seen: [] };
    cards.set(row.ticker, card);
    $("prices").append(card.element);
  }
  const last = Number(row.last);
  const before = card.seen.at(-1);
  card.seen = [...card.seen.slice(1 - RECENT), last];
  fill(card.element, row);
  card.element.classList.toggle("closed", !row.trading);
  if (before !== undefined && last !== before) flash(card.element, last > before ? "up" : "down");
  const low = Math.min(...card.seen), span = Math.max(...card.seen) - low || 1;
  const step = 100 / Math.max(1, card.seen.length - 1);
  const points = card.seen.map((value, i) => `${(i * step).toFixed(1)},${(26 - ((value - low) / span) * 24).toFixed(1)}`);
  card.element.querySelector("polyline").setAttribute("points", points.length > 1 ? points.join(" ") : "0,14 100,14");
}
function flash(element, name) {
  element.classList.remove("up", "down");
  element.classList.add(name);
  setTimeout(() => element.classList.remove(name), 500);
}

// positions, orders, money

const keeper = (row) => words[row.protected_by ?? (row.protection === "managed" ? "nobody" : row.protection)];
function showPositions() {
  $("positions").replaceChildren(...told.positions.map((row) => {
    const element = fill(copy("t-position"), {
      ...row,
      average_price: short(row.average_price),
      profit: row.profit === null ? "–" : money(row.profit),
      stop: row.trailing ? `${row.stop ?? "–"} ⇡${row.trailing}` : row.stop,
      protected: keeper(row),
    });
    element.querySelector("[data-f=profit]").classList.add(Number(row.profit) < 0 ? "bad" : "good");
    if (row.protection === "managed") element.querySelector("[data-f=protected]").classList.add(row.protected_by ? "good" : "bad");
    return element;
  }));
}
function showOrders() {
  $("orders").replaceChildren(...told.orders.map((row) => {
    const element = fill(copy("t-order"), {
      ...row,
      role: say("role", row.role),
      side: say("side", row.side),
      state: say("state", row.state),
      time: clock(row.at),
      done: `${row.filled} / ${row.quantity}`,
      level: short(row.average_price ?? row.stop_price ?? row.price ?? row.type),
    });
    element.querySelector("[data-f=state]").classList.add(row.state);
    element.title = [row.id, row.reason, ...row.because.map((cause) => `${cause.kind} ${cause.id}`)].filter(Boolean).join("\n");
    return element;
  }));
}
function showAccounts() {
  const line = (a) => `${a.name}: ${fit(words.free, { equity: money(a.equity), free: money(a.free_collateral), currency: a.currency })}`;
  $("accounts").textContent = told.accounts.map(line).join(" · ");
}
function showState() {
  const { risk_state: state, halt } = told.state;
  $("state").textContent = state;
  $("state").className = `chip ${state}`;
  $("arm").hidden = state !== "HALTED";
  $("halted").hidden = !halt;
  if (halt) $("halted").textContent = fit($("halted").dataset.says, halt);
}

// the story of the newest alert

function tell(name, mark, what, more = "") {
  const step = document.querySelector(`[data-step=${name}]`);
  step.dataset.empty ??= step.querySelector(".what").textContent;
  step.className = `step ${mark}`;
  const texts = { ".what": what || step.dataset.empty, ".more": more };
  for (const [slot, text] of Object.entries(texts)) {
    if (step.querySelector(slot).textContent !== text) step.querySelector(slot).textContent = text;
  }
}
function showStory() {
  const alert = told.alerts.find((row) => row.account);
  if (!alert) return;
  const refused = alert.reason && alert.status !== "duplicate";
  const about = [say("side", alert.action), alert.ticker, say("kind", alert.kind)].filter(Boolean).join(" ");
  tell("alert", refused ? "failed" : "done", about, refused ? fit(words.refused, alert) : `${clock(alert.received_at)} · ${say("status", alert.status)}`);
  const order = told.orders.find((row) => alert.order_ids.includes(row.id) && ["entry", "exit"].includes(row.role));
  if (!order) return ["order", "fill", "position"].forEach((name) => tell(name, "", ""));
  const failed = ["REJECTED", "EXPIRED", "CANCELLED"].includes(order.state) && order.filled === "0";
  const mark = failed ? "failed" : order.state === "FILLED" ? "done" : "waits";
  tell("order", mark, `${say("side", order.side)} ${order.quantity} ${order.ticker}`, `${say("type", order.type)} ${say("role", order.role)} · ${say("state", order.state)}`);
  const fills = told.fills.filter((row) => row.order_id === order.id);
  if (!fills.length) return ["fill", "position"].forEach((name) => tell(name, "", ""));
  const fee = fills.reduce((sum, row) => sum + Number(row.fee), 0);
  tell("fill", mark, `${order.filled} × ${short(order.average_price)}`, `${clock(fills[0].at)} · ${fit(words.fee, { fee: money(fee) })}`);
  const position = told.positions.find((row) => row.account === order.account && row.ticker === order.ticker && row.protection === "managed");
  if (!position) return tell("position", "", words.closed);
  const safe = position.protected_by !== null;
  const stop = safe ? fit(words.standing, { stop: position.stop ?? "–", by: keeper(position) }) : words.naked;
  tell("position", safe ? "done" : "failed", `${position.quantity} ${position.ticker}`, stop);
}

// notices

function buttons(notice) {
  return notice.actions.map((action) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "primary";
    button.textContent = action.label;
    button.addEventListener("click", async () => {
      for (const other of button.parentElement.children) other.disabled = true;
      answer(action.label, () => send(`/api/v1/actions/${encodeURIComponent(action.id)}`, {}));
    });
    return button;
  });
}
const shown = new Map();
function showNotices() {
  const cardsSeen = new Set();
  const newest = told.notices.filter((row) => !row.card || (!cardsSeen.has(row.card) && cardsSeen.add(row.card)));
  for (const row of newest) {
    if (shown.has(row.id)) continue;
    const element = fill(copy("t-notice"), { time: clock(row.at), text: row.text });
    element.classList.add(row.kind);
    element.querySelector(".actions").append(...buttons(row));
    shown.set(row.id, element);
  }
  const kept = new Set(newest.map((row) => row.id));
  for (const [id, element] of shown) if (!kept.has(id)) { element.remove(); shown.delete(id); }
  newest.forEach((row, i) => {
    const there = $("notices").children[i];
    if (there !== shown.get(row.id)) $("notices").insertBefore(shown.get(row.id), there ?? null);
  });
}

// the command line

const history = JSON.parse(sessionStorage.getItem("history") ?? "[]");
let at = history.length;
async function answer(title, ask) {
  const entry = document.createElement("article");
  entry.className = "entry";
  const head = document.createElement("b");
  head.textContent = title;
  entry.append(head);
  const lines = [];
  try {
    for (const notice of (await ask()).notices) {
      const text = document.createElement("p");
      text.textContent = notice.text;
      const row = document.createElement("div");
      row.className = "actions";
      row.append(...buttons(notice));
      entry.classList.add(notice.kind);
      lines.push(text, row);
    }
  } catch (error) {
    const text = document.createElement("p");
    text.textContent = error.message;
    entry.classList.add("error");
    lines.push(text);
  }
  entry.append(...lines);
  $("output").prepend(entry);
  while ($("output").children.length > 20) $("output").lastElementChild.remove();
}
const run = (text) => answer(text, () => send("/api/v1/commands", { text }));

$("command").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("line").value.trim();
  if (!text) return;
  if (history.at(-1) !== text) history.push(text);
  at = history.length;
  sessionStorage.setItem("history", JSON.stringify(history.slice(-50)));
  $("line").value = "";
  suggest();
  run(text);
});
$("line").addEventListener("keydown", (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const first = $("suggestions").querySelector(".first");
  if (step) {
    event.preventDefault();
    at = Math.max(0, Math.min(history.length, at + step));
    $("line").value = history[at] ?? "";
    suggest();
  } else if (event.key === "Tab" && !event.shiftKey && first && !$("line").value.includes(" ")) {
    event.preventDefault();
    take(first);
  }
});
$("line").addEventListener("input", suggest);
function suggest() {
  const line = $("line").value.trimStart();
  const typed = line.replace(/^\/?/, "/").split(" ")[0].toLowerCase();
  const fitting = [...$("suggestions").children].filter((button) => button.dataset.usage.split(" ")[0].startsWith(typed));
  for (const button of $("suggestions").children) {
    button.hidden = line !== "" && !fitting.includes(button);
    button.classList.toggle("first", line !== "" && button === fitting[0]);
  }
  $("hint").textContent = line && fitting.length ? fitting[0].dataset.help : $("hint").dataset.rest;
}
function take(button) {
  const [name, ...rest] = button.dataset.usage.split(" ");
  $("line").value = rest.length ? `${name} ` : name;
  $("line").focus();
  suggest();
}
$("suggestions").addEventListener("click", (event) => event.target.dataset.usage && take(event.target));
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
    event.preventDefault();
    $("line").focus();
  }
});

// buttons

$("kill").addEventListener("click", () => run("/kill"));
$("arm").addEventListener("click", () => run("/arm"));
$("logout")?.addEventListener("click", async () => { await send("/logout", {}); location.reload(); });
$("sample")?.addEventListener("click", async () => {
  $("sample").disabled = true;
  $("sample-says").textContent = "";
  try {
    const response = await fetch("/api/v1/demo/sample");
    const body = await response.json();
    if (!response.ok) throw new Error(body.error.message);
    $("sent").querySelector("pre").textContent = JSON.stringify({ ...body, passphrase: "***" }, null, 2);
    $("sent").hidden = false;
    const { status } = await send("/tradingview-to-webhook-order", body);
    if (status === "duplicate") $("sample-says").textContent = document.body.dataset.duplicate;
  } catch (error) {
    $("sample-says").textContent = error.message;
  } finally {
    $("sample").disabled = false;
  }
});

// the stream

let stream, heard;
function show(news) {
  Object.assign(told, news);
  news.prices?.forEach(showPrice);
  if (news.state) showState();
  if (news.positions) showPositions();
  if (news.orders) showOrders();
  if (news.accounts) showAccounts();
  if (news.notices) showNotices();
  if (news.alerts || news.orders || news.fills || news.positions) showStory();
}
function linked(live) {
  heard = live ? performance.now() : heard;
  $("link").className = `link ${live ? "live" : "lost"}`;
  $("link").textContent = $("link").dataset[live ? "live" : "lost"];
}
function open() {
  stream?.close();
  heard = performance.now();
  stream = new EventSource("/events");
  stream.addEventListener("news", (event) => { linked(true); show(JSON.parse(event.data)); });
  stream.addEventListener("beat", () => linked(true));
  stream.addEventListener("error", () => linked(false));
}
async function mend() {
  if (stream.readyState !== EventSource.CLOSED && performance.now() - heard < SILENT_MS) return;
  linked(false);
  const response = await fetch("/livez").catch(() => null);
  if (!response?.ok) return;
  // The desk is back. A restart ended our session: a fresh page has a new one, or asks for the token.
  if (stream.readyState === EventSource.CLOSED) location.reload();
  else open();
}
open();
setInterval(mend, 2000);
suggest();
