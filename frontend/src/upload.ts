// <form data-upload>: sends its file with a progress bar. Without this script the form is sent
// as any other; whatever happens on the way, the chosen file stays chosen.

const FULL_PERCENT = 100;
const SESSION_ENDED = 401;

function part<Kind extends Element>(form: HTMLFormElement, selector: string): Kind {
  const found = form.querySelector<Kind>(selector);
  if (!found) throw new Error(`The upload's form has no ${selector}.`);
  return found;
}

function follow(form: HTMLFormElement): void {
  const bar = part<HTMLProgressElement>(form, "progress");
  const percent = part<HTMLElement>(form, "[data-upload-percent]");
  const progress = part<HTMLElement>(form, "[data-upload-progress]");
  const fault = part<HTMLElement>(form, "[data-upload-fault]");

  function stop(words: string): void {
    progress.hidden = true;
    fault.textContent = words;
    fault.hidden = false;
    delete form.dataset["sending"];
    for (const button of form.querySelectorAll<HTMLElement>("[data-pressed]")) {
      delete button.dataset["pressed"];
    }
  }

  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "text/html");
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    bar.value = (FULL_PERCENT * event.loaded) / event.total;
    percent.textContent = `${Math.round(bar.value)} %`;
  });
  request.addEventListener("error", () => stop(form.dataset["lost"] ?? ""));
  request.addEventListener("load", () => {
    if (request.status === SESSION_ENDED) {
      stop(form.dataset["expired"] ?? "");
      return;
    }
    if (request.status === 200 && request.responseURL !== form.action) {
      location.assign(request.responseURL);
      return;
    }
    // The form came back with what is wrong beside its fields; the file need not be chosen again.
    const answer = new DOMParser().parseFromString(request.responseText, "text/html");
    const words = [...answer.querySelectorAll("form[data-upload] .field__error span, main h1 + p")]
      .map((said) => said.textContent?.trim())
      .filter(Boolean)
      .join(" ");
    stop(words || (form.dataset["lost"] ?? ""));
  });
  fault.hidden = true;
  bar.value = 0;
  percent.textContent = "";
  progress.hidden = false;
  request.send(new FormData(form));
}

for (const form of document.querySelectorAll<HTMLFormElement>("form[data-upload]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    // form.ts marks a form that is on its way, after this.
    if (form.dataset["sending"] === undefined) follow(form);
  });
}
