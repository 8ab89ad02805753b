// ==UserScript==
// @name         Alerts to Openoutcry
// @description  Posts every alert of the chart site's log once, and the newest again and again for Carbon.
// @version      1.0
// @match        https://*.tradingview.com/chart/*
// @grant        GM_xmlhttpRequest
// @connect      127.0.0.1
// ==/UserScript==
// Direct webhooks are better where your plan has them. Needs the alert log open, and alerts whose message is the JSON
// of docs/targets.md. Without GM_xmlhttpRequest, set hub.cors_origin to this site.

(() => {
  "use strict";
  const DESK = "http://127.0.0.1:8089";
  const TOKEN = "the hub's token";
  const ROWS = '[data-name="alert-log-item"]'; // newest on top
  const LOOK_MS = 5000;
  const REPEAT_MS = 30000;
  const ANSWER_MS = 10000;
  const FRESH_MS = 15 * 60000;
  const KEPT = 1000;
  const MEMORY = "openoutcry.posted";

  const posted = new Set(JSON.parse(localStorage.getItem(MEMORY) ?? "[]"));
  const flying = new Set();

  function remember(text) {
    posted.add(text);
    for (const oldest of posted) {
      if (posted.size <= KEPT) break;
      posted.delete(oldest);
    }
    localStorage.setItem(MEMORY, JSON.stringify([...posted]));
  }

  // The alert in a row: {row, text, alert}, or null for a row that holds none.
  function read(row) {
    const text = row.textContent.match(/\{[^{}]*\}/)?.[0];
    try {
      return text ? { row, text, alert: JSON.parse(text) } : null;
    } catch {
      return null;
    }
  }

  const alerts = () => [...document.querySelectorAll(ROWS)].map(read).filter(Boolean);

  function colour({ row, text, alert }) {
    if (!posted.has(text)) return;
    const fresh = Date.now() - Date.parse(alert.timestamp) < FRESH_MS;
    row.style.backgroundColor = fresh ? "red" : "grey";
  }

  function warn(text) {
    console.error(`Openoutcry: ${text}`);
    let box = document.getElementById("openoutcry-warning");
    if (!box) {
      box = document.createElement("div");
      box.id = "openoutcry-warning";
      box.style.cssText = "position:fixed;z-index:99999;top:0;left:0;right:0;padding:1em;background:#b00;color:#fff";
      box.addEventListener("click", () => box.remove());
      document.body.append(box);
    }
    box.textContent = `An alert may not have reached the desk: ${text}. Check it by hand. (Click to close.)`;
  }

  function send(path, text) {
    const url = `${DESK}${path}`;
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${TOKEN}` };
    if (typeof GM_xmlhttpRequest === "undefined") {
      const request = { method: "POST", headers, body: text, signal: AbortSignal.timeout(ANSWER_MS) };
      return fetch(url, request).then((answer) => answer.status);
    }
    return new Promise((done, fail) => {
      GM_xmlhttpRequest({
        method: "POST", url, headers, data: text, timeout: ANSWER_MS,
        onload: (answer) => done(answer.status),
        onerror: () => fail(new Error("no connection")),
        ontimeout: () => fail(new Error("no answer in time")),
      });
    });
  }

  // An alert counts as posted only once the desk has said so; a 400 would be refused for ever.
  async function post(found) {
    if (posted.has(found.text) || flying.has(found.text)) return;
    flying.add(found.text);
    try {
      const status = await send("/alert", found.text);
      if (status !== 200) warn(`the desk answered ${status}`);
      if (status === 200 || status === 400) remember(found.text);
    } catch (error) {
      warn(error.message);
    } finally {
      flying.delete(found.text);
    }
  }

  let looking = false;
  async function look() {
    if (looking) return;
    looking = true;
    for (const found of alerts().reverse()) await post(found); // oldest first, one after the other: in order
    alerts().forEach(colour);
    looking = false;
  }

  function repeat() {
    const found = alerts();
    found.forEach(colour);
    if (found.length) send("/carbon-alert", found[0].text).catch((error) => warn(error.message));
  }

  setInterval(look, LOOK_MS);
  setInterval(repeat, REPEAT_MS);
  look();
})();
