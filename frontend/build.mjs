// Builds the browser's modules and the style sheet into parts3d/static/built/ with hashed
// names, and writes manifest.json (plain name -> hashed name), which parts3d/assets.py reads.
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(here, "../parts3d/static/built");

await mkdir(out, { recursive: true });
const result = await build({
  absWorkingDir: here,
  entryPoints: [
    "src/app.ts",
    "src/copy.ts",
    "src/layers.ts",
    "src/live.ts",
    "src/place.ts",
    "src/upload.ts",
    "src/viewer.ts",
    "css/app.css",
  ],
  outdir: out,
  entryNames: "[name]-[hash]",
  chunkNames: "chunk-[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022", "chrome109", "firefox115", "safari16"],
  minify: true,
  legalComments: "linked",
  loader: { ".woff2": "file" },
  metafile: true,
  logLevel: "warning",
});

const manifest = {};
const written = new Set(["manifest.json"]);
for (const [path, output] of Object.entries(result.metafile.outputs)) {
  const file = basename(path);
  written.add(file);
  const inputs = Object.keys(output.inputs);
  if (output.entryPoint) {
    manifest[basename(output.entryPoint).replace(/\.ts$/, ".js")] = file;
  } else if (inputs.length === 1 && inputs[0].endsWith(".woff2")) {
    manifest[basename(inputs[0])] = file;
  }
}

// Files of an earlier build go only after the new ones are there, so a running server never
// has a manifest that points to nothing.
await writeFile(
  join(out, "manifest.json"),
  `${JSON.stringify(Object.fromEntries(Object.entries(manifest).sort()), null, 2)}\n`,
);
for (const file of await readdir(out)) {
  if (!written.has(file)) await rm(join(out, file), { recursive: true });
}
