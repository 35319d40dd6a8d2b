import { recordVersion } from "./fields.ts";

/** A record before it is checked. */
export type Raw = Readonly<Record<string, unknown>>;

/**
 * A record of 0.1.0 or 0.2.0, which had no `v`, as one of today. It gets no `prev`: it is not chained.
 * @param committed whether the rollout that the record belongs to has committed: the old words for its end do not tell
 */
export function upgrade(old: Raw, committed: boolean): Raw {
  return { ...upgradeStep(old, committed), v: recordVersion };
}

function upgradeStep(old: Raw, committed: boolean): Raw {
  const reverts = committed || old.step === "soak";
  switch (`${String(old.step)} ${String(old.event)}`) {
    case "shift begun": {
      const { returning, ...rest } = old;
      return { strategy: "blue-green", ...rest, rollback: old.rollback ?? returning ?? false };
    }
    case "shift trial":
      return { ...old, event: "step" };
    case "shift watched":
      return { ...old, stage: String(old.stage).replace(/^trial /, "step ") };
    case "shift undoing":
    case "soak undoing":
      return { ...old, event: reverts ? "reverting" : "withdrawing" };
    case "shift ended":
    case "soak ended":
      return upgradeEnd(old, reverts);
    case "workers done": {
      const { awake, ...rest } = old;
      return { ...rest, running: awake };
    }
    default:
      return old;
  }
}

/** `rolled-back` and `held-back` said who was to blame, not what was done. */
function upgradeEnd(old: Raw, reverts: boolean): Raw {
  const { outcome, blame = outcome === "rolled-back", why = null } = old;
  const isBack = outcome === "rolled-back" || outcome === "held-back";
  return { ...old, why, blame, outcome: isBack ? (reverts ? "reverted" : "withdrawn") : outcome };
}
