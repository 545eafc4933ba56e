// Buttons that copy: <button hidden data-copy="K7M-2QX" data-copied="Copied">. They are hidden
// until this module runs, because without it they would do nothing.

for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-copy]")) {
  const label = button.querySelector<HTMLElement>("[data-copy-label]") ?? button;
  const words = label.textContent ?? "";
  let timer = 0;
  label.setAttribute("aria-live", "polite");
  button.hidden = false;
  button.addEventListener("click", () => {
    void copy(button.dataset["copy"] ?? "").then((done) => {
      if (!done) return;
      label.textContent = button.dataset["copied"] ?? words;
      window.clearTimeout(timer);
      timer = window.setTimeout(() => {
        label.textContent = words;
      }, 4000);
    });
  });
}

/** Copies `text`; false when the browser does not allow it. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

// The clipboard interface exists only on https and localhost; a shop's tablet may be on neither.
function copyBySelection(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}
