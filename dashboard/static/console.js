// The command line: history with the arrows, completion with Tab, "/" from anywhere.
import { actionButton, send } from "./forms.js";

const $ = (id) => document.getElementById(id);
const line = $("line"), hint = $("hint"), offered = [...$("suggestions").children];
const LINES = 20, KEPT = 50;
const typed = JSON.parse(sessionStorage.getItem("history") ?? "[]");
let at = typed.length;

function entry(title) {
  const element = document.createElement("article");
  element.className = "entry";
  const head = document.createElement("b");
  head.textContent = title;
  element.append(head);
  $("output").prepend(element);
  while ($("output").children.length > LINES) $("output").lastElementChild.remove();
  return element;
}

function say(element, text, kind, actions = []) {
  const words = document.createElement("p");
  words.textContent = text;
  const row = document.createElement("div");
  row.className = "actions";
  row.append(...actions.map((action) => actionButton(action, () => row.remove())));
  element.classList.add(kind);
  element.append(words, row);
}

async function run(text) {
  const element = entry(text);
  try {
    for (const notice of (await send("/api/v1/commands", { text })).notices) say(element, notice.text, notice.kind, notice.actions);
  } catch (error) {
    say(element, error.message, "error");
  }
}

function suggest() {
  const said = line.value.trimStart();
  const word = said.replace(/^\/?/, "/").split(" ")[0].toLowerCase();
  const fitting = offered.filter((button) => button.dataset.usage.split(" ")[0].startsWith(word));
  for (const button of offered) {
    button.hidden = said !== "" && !fitting.includes(button);
    button.classList.toggle("first", said !== "" && button === fitting[0]);
  }
  hint.textContent = said && fitting.length ? fitting[0].dataset.help : hint.dataset.rest;
}

function take(button) {
  const [name, ...rest] = button.dataset.usage.split(" ");
  line.value = rest.length ? `${name} ` : name;
  line.focus();
  suggest();
}

$("command").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = line.value.trim();
  if (!text) return;
  if (typed.at(-1) !== text) typed.push(text);
  at = typed.length;
  sessionStorage.setItem("history", JSON.stringify(typed.slice(-KEPT)));
  line.value = "";
  suggest();
  run(text);
});
line.addEventListener("input", suggest);
line.addEventListener("keydown", (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const first = offered.find((button) => button.classList.contains("first"));
  if (step) {
    event.preventDefault();
    at = Math.max(0, Math.min(typed.length, at + step));
    line.value = typed[at] ?? "";
    suggest();
  } else if (event.key === "Tab" && !event.shiftKey && first && !line.value.includes(" ")) {
    event.preventDefault();
    take(first);
  }
});
$("suggestions").addEventListener("click", (event) => event.target.dataset.usage && take(event.target));
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) {
    event.preventDefault();
    line.focus();
  }
});

// The hand on a still market: a ticker brings its book, and what was set stays to be set again.
const market = document.querySelector('form[data-post="/api/v1/demo/market"]');
market?.elements.ticker.addEventListener("change", async ({ target }) => {
  const answer = await fetch(`/api/v1/instruments/${encodeURIComponent(target.value.trim())}`);
  if (!answer.ok) return;
  const { ticker, bid, ask } = await answer.json();
  target.value = ticker;
  market.elements.bid.value = bid ?? "";
  market.elements.ask.value = ask ?? "";
});
market?.addEventListener("answered", () => {
  for (const input of market.elements) input.defaultValue = input.value;
});

// After a command, Tab completes the ticker that is being typed.
async function completeTicker() {
  const words = line.value.split(" ");
  const answer = await fetch(`/api/v1/tickers?${new URLSearchParams({ q: words.at(-1) })}`);
  const [first] = answer.ok ? (await answer.json()).items : [];
  if (first) line.value = [...words.slice(0, -1), first.ticker].join(" ");
}
line.addEventListener("keydown", (event) => {
  const words = line.value.split(" ");
  if (event.key !== "Tab" || event.shiftKey || words.length < 2 || !words.at(-1)) return;
  event.preventDefault();
  completeTicker();
});
