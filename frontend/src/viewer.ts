// <figure data-viewer data-src="part.stl">: the picture stays until the view comes near the
// screen, then three.js is fetched; without WebGL or on any failure the picture stays for good.

function hasWebGL(): boolean {
  try {
    return document.createElement("canvas").getContext("webgl2") !== null;
  } catch {
    return false;
  }
}

async function start(figure: HTMLElement): Promise<void> {
  figure.dataset["state"] = "loading";
  try {
    if (!hasWebGL()) throw new Error("no WebGL");
    const { openViewer } = await import("./viewer-scene");
    await openViewer(figure);
    figure.dataset["state"] = "ready";
  } catch (error) {
    figure.dataset["state"] = "failed";
    console.warn("3D view:", error);
  }
}

const near = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting || !(entry.target instanceof HTMLElement)) continue;
      near.unobserve(entry.target);
      void start(entry.target);
    }
  },
  { rootMargin: "200px" },
);

for (const figure of document.querySelectorAll<HTMLElement>("[data-viewer]")) near.observe(figure);
