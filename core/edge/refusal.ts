import { colors, isColor } from "../color.ts";
import { TurnoutError } from "../errors.ts";

/** Why a change was refused; stable codes for programs. */
export type RefusalCode =
  | "unknown-color"
  | "no-release"
  | "bad-release"
  | "bad-epoch"
  | "bad-weight"
  | "bad-lease"
  | "bad-skew"
  | "bad-drain"
  | "bad-maintenance"
  | "nothing-committed"
  | "candidate-is-committed"
  | "no-candidate"
  | "committed-differs";

/** A change that does not fit the state. The state is unchanged. */
export class EdgeRefusal extends TurnoutError {
  override name = "EdgeRefusal";
  readonly code: RefusalCode;
  constructor(code: RefusalCode, what: string, todo?: string) {
    super(what, todo);
    this.code = code;
  }
}

/** The form of a release or an epoch: it is written to a map file and a header. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._:+@/-]{0,127}$/;

/** @throws EdgeRefusal unless the value is a color */
export function mustBeColor(color: unknown): void {
  if (!isColor(color))
    throw new EdgeRefusal("unknown-color", `"${String(color)}" is not a color`, `use ${colors.join(" or ")}`);
}

/** @throws EdgeRefusal unless the value is valid in a map file and in a header; `what` names it */
export function mustBeName(code: RefusalCode, what: string, value: string): void {
  if (!namePattern.test(value))
    throw new EdgeRefusal(
      code,
      `the ${what} "${value}" is not a valid name`,
      "use up to 128 letters, digits and . _ : + @ / -",
    );
}

/** @throws EdgeRefusal unless the value is a whole number within the limits; `what` names it with its unit */
export function mustBeWithin(code: RefusalCode, what: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new EdgeRefusal(code, `${what} of ${value} is out of range`, `use a whole number, ${min} to ${max}`);
}
