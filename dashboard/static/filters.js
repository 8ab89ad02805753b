// A form that says what a page shows: its fields become the page's query, and the stream brings what fits.
const TYPED_MS = 200;
let later = 0;

function apply(form) {
  const asked = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim() !== ""));
  const where = asked.size ? `${location.pathname}?${asked}` : location.pathname;
  if (where === location.pathname + location.search) return;
  history.replaceState(null, "", where);
  dispatchEvent(new PopStateEvent("popstate"));
}

for (const form of document.querySelectorAll("form[data-filter]")) {
  form.addEventListener("input", () => {
    clearTimeout(later);
    later = setTimeout(() => apply(form), TYPED_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(later);
    apply(form);
  });
}

// "/" from anywhere on the page leads to the search.
document.addEventListener("keydown", (event) => {
  const search = document.querySelector("form[data-filter] input[type=search]");
  if (event.key !== "/" || !search || /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) return;
  event.preventDefault();
  search.focus();
});
