document.getElementById("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const response = await fetch("/login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token: document.getElementById("token").value.trim() }),
  });
  if (response.ok) location.reload();
  else document.getElementById("answer").textContent = response.status === 429 ? form.dataset.often : form.dataset.wrong;
});
