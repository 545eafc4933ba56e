// <layer-viewer>: a slice's lines, layer by layer. Its file is fetched when it comes near the
// screen; while the server still draws it (202), it asks again.
import { drawLayer } from "./layers-drawing";
import { type LayerFile, readLayerFile } from "./layers-file";

const ASK_AGAIN_MS = 1000;
const GIVE_UP_AFTER_MS = 120_000;

class LayerViewer extends HTMLElement {
  private file: LayerFile | undefined;
  private wanted = "";
  private readonly watchers: { disconnect(): void }[] = [];

  connectedCallback(): void {
    this.choice.addEventListener("change", () => void this.open());
    this.slider.addEventListener("input", () => this.draw());
    const near = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        near.disconnect();
        void this.open();
      },
      { rootMargin: "200px" },
    );
    near.observe(this);
    const resized = new ResizeObserver(() => this.draw());
    resized.observe(this.canvas);
    this.watchers.push(near, resized);
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.draw);
  }

  disconnectedCallback(): void {
    this.wanted = "";
    for (const watcher of this.watchers.splice(0)) watcher.disconnect();
    window.matchMedia("(prefers-color-scheme: dark)").removeEventListener("change", this.draw);
  }

  private find<Found extends HTMLElement>(name: string): Found {
    const found = this.querySelector<Found>(`[data-layers-${name}]`);
    if (!found) throw new Error(`a layer viewer needs data-layers-${name}`);
    return found;
  }

  private get choice(): HTMLSelectElement {
    return this.find<HTMLSelectElement>("choice");
  }

  private get slider(): HTMLInputElement {
    return this.find<HTMLInputElement>("slider");
  }

  private get canvas(): HTMLCanvasElement {
    return this.find<HTMLCanvasElement>("canvas");
  }

  /** Fetches the chosen slice's layers and shows as high a layer as was shown before. */
  private async open(): Promise<void> {
    const source = this.choice.value;
    this.wanted = source;
    this.say("loading", this.dataset["waiting"] ?? "");
    this.slider.disabled = true;
    try {
      const file = readLayerFile(await this.fetch(`${source}/layers`));
      if (this.wanted !== source) return;
      this.show(file, source);
    } catch (error) {
      if (this.wanted !== source) return;
      this.say("failed", this.dataset["failed"] ?? "");
      console.warn("layers:", error);
    }
  }

  private async fetch(address: string): Promise<ArrayBuffer> {
    const source = this.wanted;
    const until = Date.now() + GIVE_UP_AFTER_MS;
    while (this.wanted === source && Date.now() < until) {
      const response = await fetch(address);
      if (response.status === 200) return response.arrayBuffer();
      if (response.status !== 202) throw new Error(`${address}: ${response.status}`);
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
    throw new Error(`${address}: not drawn in time`);
  }

  private show(file: LayerFile, source: string): void {
    const { header } = file;
    const heights = header.layer_z_mm;
    const before = this.file?.header.layer_z_mm[this.slider.valueAsNumber - 1];
    this.file = file;
    this.slider.max = String(Math.max(1, heights.length));
    // Another printer's slice has other layers: stay at the same height.
    const same = before === undefined ? 0 : heights.findIndex((z) => z >= before - 1e-6);
    this.slider.value = String((same < 0 ? heights.length - 1 : same) + 1);
    this.slider.disabled = heights.length < 2;
    const present = new Set(Array.from(file.roles, (role) => header.roles[role]));
    for (const entry of this.querySelectorAll<HTMLElement>("[data-layers-role]")) {
      entry.hidden = !present.has(entry.dataset["layersRole"]);
    }
    const note = this.find<HTMLElement>("note");
    const words = header.stride > 1 ? this.dataset["stride"] : this.dataset["cut"];
    note.textContent = (words ?? "").replace("{stride}", String(header.stride));
    note.hidden = header.stride === 1 && !header.is_cut;
    const picture = this.find<HTMLImageElement>("picture");
    picture.src = `${source}/first-layer.svg`;
    picture.hidden = false;
    this.say("ready", "");
    this.draw();
  }

  private say(state: string, words: string): void {
    this.dataset["state"] = state;
    this.find<HTMLElement>("state").textContent = words;
  }

  private readonly draw = (): void => {
    const { file } = this;
    if (!file) return;
    const index = this.slider.valueAsNumber - 1;
    const height = (file.header.layer_z_mm[index] ?? 0).toFixed(2);
    const words = (this.dataset["position"] ?? "")
      .replace("{number}", String(index * file.header.stride + 1))
      .replace("{total}", String(file.header.total_layers))
      .replace("{height}", height);
    this.find<HTMLElement>("position").textContent = words;
    this.slider.setAttribute("aria-valuetext", words);
    requestAnimationFrame(() => {
      if (this.file === file) drawLayer(this.canvas, file, this.slider.valueAsNumber - 1);
    });
  };
}

customElements.define("layer-viewer", LayerViewer);
