// Makes what stands on the page equal to new HTML, touching only what differs: focus, selection, open <details>,
// what somebody is typing and what a script drew (data-keep) stay. Rows are known by data-key or id.
const keyOf = (node) => (node.nodeType === 1 ? node.dataset?.key ?? node.id ?? "" : "");
const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);
const OURS = new Set(["data-user", "aria-invalid"]), WHILE_BUSY = new Set(["aria-busy", "disabled"]); // set by scripts alone
const typed = (node) => "defaultValue" in node && node.value !== node.defaultValue;

/** element's children become those of `wanted`. What is left where it is keeps its focus; so little is moved. */
export function morphChildren(element, wanted) {
  const keys = new Set([...wanted.children].map(keyOf).filter(Boolean));
  let here = element.firstChild;
  for (const next of [...wanted.childNodes]) {
    let match = here;
    while (match && !alike(match, next)) match = match.nextSibling;
    if (!match) {
      element.insertBefore(next, here);
      continue;
    }
    // What stands before it goes, unless it is wanted further on.
    while (here !== match && !keys.has(keyOf(here))) {
      const gone = here;
      here = here.nextSibling;
      gone.remove();
    }
    if (here === match) here = here.nextSibling;
    else if (element.moveBefore) element.moveBefore(match, here);
    else element.insertBefore(match, here);
    morph(match, next);
  }
  while (here) {
    const gone = here;
    here = here.nextSibling;
    gone.remove();
  }
}

function morph(node, next) {
  if (node.nodeType !== 1) {
    if (node.nodeValue !== next.nodeValue) node.nodeValue = next.nodeValue;
    return;
  }
  if ("keep" in node.dataset || node.isEqualNode(next)) return;
  const held = node === document.activeElement || typed(node) || ("user" in node.dataset);
  const busy = node.hasAttribute("aria-busy");
  for (const { name } of [...node.attributes]) {
    if (next.hasAttribute(name) || OURS.has(name) || (busy && WHILE_BUSY.has(name))) continue;
    if (!(name === "open" && node.nodeName === "DETAILS")) node.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (name === "open" && node.nodeName === "DETAILS") continue;
    if (held && (name === "value" || name === "checked")) continue;
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }
  if (node.nodeName === "TEXTAREA" || node.nodeName === "SELECT") {
    if (!held) node.replaceChildren(...next.childNodes);
    return;
  }
  morphChildren(node, next);
}

// A select or checkbox that somebody changed keeps it until its form was sent.
document.addEventListener("change", (event) => {
  if (event.target.closest("[data-part]") && event.target.matches("select, input[type=checkbox], input[type=radio]")) event.target.dataset.user = "";
});
