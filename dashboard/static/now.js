// The demo's button: a chart's alert, sent as a chart would send it.
import { send, toast } from "./forms.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("#sample");
  if (!button) return;
  button.disabled = true;
  try {
    const body = await (await fetch("/api/v1/demo/sample")).json();
    if (body.error) throw new Error(body.error.message);
    const sent = document.getElementById("sent");
    sent.querySelector("pre").textContent = JSON.stringify({ ...body, passphrase: "***" }, null, 2);
    sent.hidden = false;
    const { status } = await send("/tradingview-to-webhook-order", body);
    if (status === "duplicate") toast(button.dataset.known);
  } catch (error) {
    toast(error.message, "error");
  } finally {
    button.disabled = false;
  }
});
