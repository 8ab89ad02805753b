// Keeps a page as the desk is: one event stream, whose parts take the place of those that have changed.
import { morphChildren } from "./morph.js";
import { send } from "./forms.js";
import { localise } from "./times.js";

const SILENT_MS = 9000; // three beats
const FIRST_MS = 500, LAST_MS = 15000;
const page = document.body.dataset;
const link = document.getElementById("link");
let stream = null, heard = 0, wait = FIRST_MS, again = 0, mark = page.mark;

function linked(state) {
  link.className = `link ${state}`;
  if (link.textContent !== link.dataset[state]) link.textContent = link.dataset[state];
  document.body.classList.toggle("adrift", state === "lost" || state === "ended");
}

function show(parts) {
  for (const [name, html] of Object.entries(parts)) {
    const element = document.getElementById(`part-${name}`);
    if (!element) continue;
    const next = document.createElement("template");
    next.innerHTML = html;
    localise(next.content);
    const held = document.activeElement;
    morphChildren(element, next.content);
    if (held !== document.activeElement && element.contains(held)) held.focus(); // a row that had to be moved
    element.dispatchEvent(new CustomEvent("shown", { bubbles: true }));
  }
}

function open() {
  close();
  heard = performance.now();
  const query = new URLSearchParams(location.search);
  query.set("page", page.page);
  query.set("at", mark);
  stream = new EventSource(`/events?${query}`);
  const hear = () => {
    heard = performance.now();
    wait = FIRST_MS;
    linked("live");
  };
  stream.addEventListener("beat", hear);
  stream.addEventListener("news", (event) => {
    hear();
    mark = event.lastEventId;
    show(JSON.parse(event.data));
  });
  stream.addEventListener("error", lost);
}

function close() {
  stream?.close();
  stream = null;
  clearTimeout(again);
}

/** Try again, more and more slowly. */
function lost() {
  close();
  linked("lost");
  again = setTimeout(mend, wait);
  wait = Math.min(LAST_MS, wait * 2);
}

/** The desk is back: go on; but after a restart nobody knows our session, and a fresh page has a new one or asks. */
async function mend() {
  const asked = await fetch("/api/v1/health", { cache: "no-store" }).catch(() => null);
  if (asked?.status === 401) {
    linked("ended");
    location.reload();
  } else if (asked?.ok) open();
  else lost();
}

setInterval(() => stream && performance.now() - heard > SILENT_MS && lost(), 1000);
// A browser allows a host six connections: pages that nobody sees give theirs back.
document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
addEventListener("pagehide", close);
addEventListener("popstate", open); // the page asks for something else by now: ?ticker=, ?kind= ...
addEventListener("pageshow", (event) => event.persisted && open());

// A session ends when nobody uses it; a hand on the page is use, too.
const USE_MS = 300000;
let used = performance.now();
function use() {
  if (performance.now() - used < USE_MS) return;
  used = performance.now();
  fetch("/api/v1/health", { cache: "no-store" }).catch(() => {});
}
addEventListener("pointerdown", use);
addEventListener("keydown", use);

document.getElementById("theme").addEventListener("change", (event) => {
  document.documentElement.dataset.theme = event.target.value;
  document.cookie = `openoutcry_theme=${event.target.value}; path=/; max-age=31536000; samesite=strict`;
});
document.getElementById("language").addEventListener("change", async (event) => {
  await send("/api/v1/commands", { text: `/language ${event.target.value}` });
  location.reload();
});

localise(document);
if (!document.hidden) open();
