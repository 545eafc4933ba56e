// Live parts of a page: htmx swaps the HTML that the server sends as server-sent events into
// elements with hx-sse:connect. An element with data-live-status shows whether it is connected.
import "./htmx";

interface Connection {
  attempt: number;
  lastEventId: string;
}

function connectionOf(event: Event): Connection | undefined {
  return (event as CustomEvent<{ connection?: Connection }>).detail.connection;
}

function show(state: "open" | "lost"): void {
  for (const place of document.querySelectorAll<HTMLElement>("[data-live-status]")) {
    place.dataset["live"] = state;
  }
}

document.addEventListener("htmx:sse:before:connection", (event) => {
  const connection = connectionOf(event);
  if (!connection || !(event.target instanceof HTMLElement)) return;
  // Lost before the first event came: go on from what the page was drawn with.
  connection.lastEventId ||= event.target.dataset["lastEventId"] ?? "";
  if (connection.attempt > 1) show("lost");
});
document.addEventListener("htmx:sse:after:connection", () => show("open"));
document.addEventListener("htmx:sse:after:message", () => show("open"));
document.addEventListener("htmx:sse:error", () => show("lost"));
