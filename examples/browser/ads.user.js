// ==UserScript==
// @name         No toasts
// @description  Takes the chart site's pop-up offers away.
// @version      1.0
// @match        https://*.tradingview.com/*
// @grant        none
// ==/UserScript==

(() => {
  "use strict";
  const TOASTS = '[data-role="toast-container"]';
  const LOOK_MS = 5000;
  const clear = () => document.querySelectorAll(TOASTS).forEach((node) => node.remove());
  setInterval(clear, LOOK_MS);
  clear();
})();
