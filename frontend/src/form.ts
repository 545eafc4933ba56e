// A form is sent once. The server has idempotency keys; this spares people the second wait.

/** Guards every POST form under `root`, also those that arrive later. */
export function guardForms(root: Document): void {
  root.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method !== "post") return;
    if (form.dataset["sending"] !== undefined) {
      event.preventDefault();
      return;
    }
    form.dataset["sending"] = "";
    if (event.submitter instanceof HTMLElement) event.submitter.dataset["pressed"] = "";
  });

  // Back from the next page: the browser may show this page as it was left.
  window.addEventListener("pageshow", () => releaseForms(root));
  // htmx sends forms itself, and the page stays.
  root.addEventListener("htmx:after:request", () => releaseForms(root));
}

function releaseForms(root: Document): void {
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-sending]")) {
    delete form.dataset["sending"];
  }
  for (const button of root.querySelectorAll<HTMLElement>("[data-pressed]")) {
    delete button.dataset["pressed"];
  }
}
