// On every page: small, and nothing on the page depends on it.
import { guardForms } from "./form";

guardForms(document);
