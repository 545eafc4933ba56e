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

/** Lets a form take along what was typed in another: `data-carry` is the other one's id. */
export function carryTyped(root: Document): void {
  root.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!(form instanceof HTMLFormElement) || !form.dataset["carry"]) return;
      const other = root.getElementById(form.dataset["carry"]);
      if (!(other instanceof HTMLFormElement)) return;
      const typed = new FormData(other);
      for (const field of form.querySelectorAll<HTMLInputElement>('input[type="hidden"]')) {
        const value = typed.get(field.name);
        if (typeof value === "string") field.value = value;
      }
    },
    { capture: true },
  );
}

function releaseForms(root: Document): void {
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-sending]")) {
    delete form.dataset["sending"];
  }
  for (const button of root.querySelectorAll<HTMLElement>("[data-pressed]")) {
    delete button.dataset["pressed"];
  }
}
