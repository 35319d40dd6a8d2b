import { TurnoutError } from "../core/errors.ts";

/** HAProxy did not answer on its socket in time. */
export class HaproxyUnreachable extends TurnoutError {
  override name = "HaproxyUnreachable";
}

/** HAProxy rejected a command. */
export class HaproxyRefused extends TurnoutError {
  override name = "HaproxyRefused";
}

/** A configuration that HAProxy rejected; `words` is its own message. The previous configuration is still in use. */
export class ConfigInvalid extends TurnoutError {
  override name = "ConfigInvalid";
  readonly words: string;
  constructor(words: string) {
    super("HAProxy rejected this configuration; the previous one is still in use");
    this.words = words;
  }
}

/** A change that is saved, so that HAProxy will start with it, but that the running HAProxy has not applied yet. */
export class NotLive extends TurnoutError {
  override name = "NotLive";
  constructor(why: string) {
    super(`saved, but not yet live: ${why.replace(/\.$/, "")}`, "poll the state until `agrees` is true");
  }
}

/** A malformed request. */
export class BadRequest extends TurnoutError {
  override name = "BadRequest";
}
