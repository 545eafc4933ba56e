// "Use my position": fills the hidden fields lat and lon of <form data-place> and sends it.
// The position goes to the server only, rounded to about 100 m.

const DECIMALS = 3;
const TIMEOUT_MS = 10_000;
const MAX_AGE_MS = 300_000;

for (const form of document.querySelectorAll<HTMLFormElement>("form[data-place]")) {
  const button = form.querySelector<HTMLButtonElement>("button[data-place-button]");
  if (button && "geolocation" in navigator) {
    button.hidden = false;
    button.addEventListener("click", () => locate(form, button));
  }
}

function locate(form: HTMLFormElement, button: HTMLButtonElement): void {
  button.setAttribute("aria-disabled", "true");
  say(form, form.dataset["asking"] ?? "");
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      button.removeAttribute("aria-disabled");
      say(form, "");
      fill(form, "lat", coords.latitude);
      fill(form, "lon", coords.longitude);
      // The words typed before would win over the position.
      const typed = form.querySelector<HTMLInputElement>("input[data-place-typed]");
      if (typed) typed.value = "";
      form.requestSubmit();
    },
    (error) => {
      button.removeAttribute("aria-disabled");
      const denied = error.code === error.PERMISSION_DENIED;
      say(form, form.dataset[denied ? "denied" : "unavailable"] ?? "");
    },
    { enableHighAccuracy: false, timeout: TIMEOUT_MS, maximumAge: MAX_AGE_MS },
  );
}

function fill(form: HTMLFormElement, name: string, degrees: number): void {
  const field = form.elements.namedItem(name);
  if (field instanceof HTMLInputElement) field.value = degrees.toFixed(DECIMALS);
}

function say(form: HTMLFormElement, words: string): void {
  const place = form.querySelector<HTMLElement>("[data-place-message]");
  if (place) place.textContent = words;
}
