import type { System } from "../core/system/schema.ts";
import { cleaning } from "./cleaning.ts";

/** The systems a stack can name in its setting `system`. */
export const systems: Readonly<Record<string, System>> = { cleaning };
