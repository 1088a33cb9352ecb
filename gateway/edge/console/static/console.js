// Fetches the changing part of the page again every two seconds, while the page is visible.
const live = document.getElementById("live");
if (live) {
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(live.dataset.url, { credentials: "same-origin" });
      if (answer.ok) live.innerHTML = await answer.text();
      if (answer.status === 401) location.reload();
    } catch {
      // the hub is being restarted: what is shown stays until it answers again
    }
  }, 2000);
}
