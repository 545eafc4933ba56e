// On every page: small, and nothing on the page depends on it.
import { carryTyped, guardForms } from "./form";

guardForms(document);
carryTyped(document);
