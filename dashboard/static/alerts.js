// The hub's screen: how many rows, when they are outdated and what was cleared is the reader's own, kept in this browser.
import { send, toast } from "./forms.js";

const $ = (id) => document.getElementById(id);
const screen = $("signals");
const STORED = "openoutcry.signals";
const NAMES = ["show", "timeout", "refresh"];
const LEAST = 5; // characters that can be an alert

const usual = () => Object.fromEntries(NAMES.map((name) => [name, screen.dataset[name]]));
const fits = (text) => /^[1-9]\d?$/.test(text ?? "");

/** What is stored, as far as it can be so. since: what came before it was cleared away. */
function read() {
  let found = {};
  try {
    found = JSON.parse(localStorage.getItem(STORED)) ?? {};
  } catch {}
  const kept = usual();
  for (const name of NAMES) if (fits(found[name])) kept[name] = found[name];
  return { ...kept, since: Number(found.since) || 0 };
}

let settings = {}, timer = 0;

function keep(changes) {
  settings = { ...settings, ...changes };
  localStorage.setItem(STORED, JSON.stringify(settings));
  apply();
}

function age() {
  let seen = 0;
  for (const row of screen.querySelectorAll("tr[data-key]")) {
    row.hidden = Date.parse(row.dataset.got) <= settings.since;
    if (!row.hidden) seen += 1;
    if (row.dataset.state === "closed") continue;
    const state = Date.now() - Date.parse(row.dataset.at) >= settings.timeout * 60000 ? "outdated" : "active";
    if (row.dataset.state !== state) row.dataset.state = state;
    const said = row.querySelector(".said");
    if (said.textContent !== screen.dataset[state]) said.textContent = screen.dataset[state];
  }
  screen.querySelector(".none").hidden = seen > 0;
  const table = screen.querySelector(".scroll");
  if (table) table.hidden = seen === 0;
  $("signals-cleared").hidden = !settings.since;
}

/** The server sends as many rows as the page's address asks for. */
function ask() {
  const query = new URLSearchParams(location.search);
  if ((query.get("show") ?? screen.dataset.show) === settings.show) return;
  if (settings.show === screen.dataset.show) query.delete("show");
  else query.set("show", settings.show);
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
  dispatchEvent(new PopStateEvent("popstate"));
}

function apply() {
  ask();
  age();
  clearInterval(timer);
  timer = setInterval(age, settings.refresh * 1000);
}

function fill() {
  for (const name of NAMES) $(`f-${name}`).value = settings[name];
}

function save(event) {
  event.preventDefault();
  const form = event.target;
  const said = Object.fromEntries(NAMES.map((name) => [name, form.elements[name].value.trim()]));
  const wrong = NAMES.find((name) => !fits(said[name]));
  form.querySelector(".answer").textContent = wrong ? form.dataset.wrong : "";
  for (const name of NAMES) form.elements[name].toggleAttribute("aria-invalid", false);
  if (wrong) {
    form.elements[wrong].setAttribute("aria-invalid", "true");
    form.elements[wrong].focus();
    return;
  }
  keep(said);
  $("signals-settings").close();
}

function reset() {
  localStorage.removeItem(STORED);
  keep({ ...usual(), since: Date.now() });
  fill();
  $("signals-settings").close();
}

const example = () => JSON.stringify({
  id: 1,
  name: "Test",
  symbol: "BYBIT:BTCPERP",
  interval: 15,
  direction: "buy",
  price: 40000,
  timestamp: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
}, null, 2);

async function publish(event) {
  event.preventDefault();
  const form = event.target, text = $("signals-json").value.trim(), answer = form.querySelector(".answer");
  answer.textContent = "";
  if (text.length < LEAST) {
    answer.textContent = form.dataset.short;
    return;
  }
  let body;
  try {
    body = JSON.parse(text);
  } catch (error) {
    answer.textContent = `${form.dataset.bad} ${error.message}`;
    toast(answer.textContent, "error");
    return;
  }
  try {
    await send("/api/v1/alerts", body);
    toast(form.dataset.sent);
  } catch (error) {
    answer.textContent = error.message;
    toast(answer.textContent, "error");
  }
}

if (screen) {
  settings = read();
  fill();
  apply();
  $("part-signals").addEventListener("shown", age);
  $("signals-form").addEventListener("submit", save);
  $("signals-reset").addEventListener("click", reset);
  $("signals-earlier").addEventListener("click", () => keep({ since: 0 }));
  $("signals-send")?.addEventListener("submit", publish);
  if ($("signals-json")) $("signals-json").value = example();
}
