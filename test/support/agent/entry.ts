import "../../../agent/start.ts";
