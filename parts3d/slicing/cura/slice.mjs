// Runs CuraEngine (WebAssembly) once, in a process of its own.
//
//   node slice.mjs MODULES FOLDER
//
// MODULES is the installed node_modules; FOLDER holds part.stl and printer.json, extruder.json
// (definitions that inherit CuraEngine's own; every value in them was computed by us) and
// receives moves.gcode. The engine sees only the files put into its memory file system.
//
// The engine's module is loaded directly, without cura-wasm's worker threads: it starts in a
// fraction of the time, needs half the memory, and its exit code and last words are seen.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, folder] = process.argv.slice(2);
const source = join(modules, "cura-wasm", "src");

// The emscripten code was written for CommonJS.
globalThis.require = createRequire(import.meta.url);
globalThis.__dirname = source;
// The build calls these two by name, whether anybody listens or not.
globalThis["cura-wasm-progress-callback"] = () => {};
globalThis["cura-wasm-metadata-callback"] = () => {};

const words = [];
const { default: CuraEngine } = await import(pathToFileURL(join(source, "CuraEngine.js")).href);
const engine = await CuraEngine({
  noInitialRun: true,
  print: () => {},
  printErr: (line) => {
    if (line.includes("[ERROR]") || line.startsWith("exception") || line.includes("abort")) {
      words.push(line);
      process.stderr.write(`${line.slice(0, 500)}\n`);
    }
  },
});

engine.FS.mkdir("/definitions");
for (const name of ["fdmprinter", "fdmextruder"]) {
  const definition = readFileSync(join(source, "definitions", `${name}.def.json`));
  engine.FS.writeFile(`/definitions/${name}.def.json`, definition);
}
for (const name of ["printer", "extruder"]) {
  engine.FS.writeFile(`/definitions/${name}.def.json`, readFileSync(join(folder, `${name}.json`)));
}
engine.FS.writeFile("/part.stl", readFileSync(join(folder, "part.stl")));

engine.callMain(["slice", "-j", "/definitions/printer.def.json", "-o", "/moves.gcode", "-l", "/part.stl"]);

if (words.length > 0) {
  process.exit(1);
}
writeFileSync(join(folder, "moves.gcode"), engine.FS.readFile("/moves.gcode"));
process.exit(0);
