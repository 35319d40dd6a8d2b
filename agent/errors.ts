import { TurnoutError } from "../core/errors.ts";

/** HAProxy did not answer on its socket, or not in time. */
export class HaproxyUnreachable extends TurnoutError {
  override name = "HaproxyUnreachable";
}

/** HAProxy answered a command with something else than what it answers when all is well. */
export class HaproxyRefused extends TurnoutError {
  override name = "HaproxyRefused";
}

/** A configuration HAProxy does not take; `words` are its own. The one before is still in use. */
export class ConfigInvalid extends TurnoutError {
  override name = "ConfigInvalid";
  readonly words: string;
  constructor(words: string) {
    super("HAProxy does not take this configuration; the one before it is still in use");
    this.words = words;
  }
}

/** The change is on disk and HAProxy will start with it, but it does not do it yet. */
export class NotLive extends TurnoutError {
  override name = "NotLive";
  constructor(why: string) {
    super(`persisted, but not yet live: ${why.replace(/\.$/, "")}`, "ask for the state until `agrees` is true");
  }
}

/** A request that cannot be understood. */
export class BadRequest extends TurnoutError {
  override name = "BadRequest";
}
