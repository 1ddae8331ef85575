// Bundles the page: node build.js [--pricewright http://127.0.0.1:50051] [--out dist]

import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const { values: options } = parseArgs({
  options: {
    pricewright: { type: "string", default: "http://127.0.0.1:50051" },
    out: { type: "string", default: "dist" },
  },
});
mkdirSync(options.out, { recursive: true });
await build({
  entryPoints: ["src/main.js"],
  outfile: join(options.out, "main.js"),
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  logLevel: "warning",
});
cpSync("src/style.css", join(options.out, "style.css"));
const page = readFileSync("src/index.html", "utf8").replace("http://127.0.0.1:50051", options.pricewright);
writeFileSync(join(options.out, "index.html"), page);
