// htmx as a module; its extensions look for it on window.
import htmx from "htmx.org/dist/htmx.esm.js";
import "htmx.org/dist/ext/hx-sse.js";

export default htmx;
