// htmx publishes types for its main file only.
declare module "htmx.org/dist/htmx.esm.js" {
  import htmx from "htmx.org";
  export default htmx;
}
declare module "htmx.org/dist/ext/hx-sse.js";
