// Draws what changes again every two seconds; never under somebody's hand.
const now = document.getElementById("now");
const lost = document.getElementById("lost");

async function refresh() {
  if (document.hidden || now.querySelector("details[open]") || now.contains(document.activeElement)) return;
  try {
    const answer = await fetch("/now", { cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(answer.statusText);
    const html = await answer.text();
    lost.replaceChildren();
    lost.className = "";
    if (html !== now.dataset.shown) now.innerHTML = html;
    now.dataset.shown = html;
  } catch {
    lost.textContent = lost.dataset.words;
    lost.className = "notice bad";
  }
}

setInterval(refresh, 2000);
