// The audit trail's chain is read through once when its page opens.
const chain = document.getElementById("chain");
if (chain) {
  const answer = await fetch("/api/v1/audit", { cache: "no-store" }).catch(() => null);
  const said = await answer?.json().catch(() => null);
  if (answer?.ok) {
    chain.textContent = (said.whole ? chain.dataset.whole : chain.dataset.broken)
      .replace("#", said.whole ? said.rows : said.first_misfit);
    chain.classList.add(said.whole ? "whole" : "broken");
  } else chain.textContent = said?.error?.message ?? "";
}
