import { SettingsError } from "../errors.ts";

/** Name of the cookie that keeps a user on a color. Its value is `<color>.<bucket>`, the bucket 0 to 99. */
const cookieName = "turnout";

/** How long a browser keeps the cookie by default, in seconds. */
export const defaultCookieMaxAge = 3_600;

/**
 * The lines that read a well-formed cookie into `txn.held` and `txn.bucket`, and remove it from the request. The other
 * cookies stay byte for byte as they are.
 */
export function takeCookie(): string[] {
  // A substring match: HAProxy's own parser handles quotes, unlike browsers, and would miss a cookie after a stray
  // quote.
  const present = `{ req.fhdr(cookie) -m sub ${cookieName} }`;
  const wellFormed = "{ var(txn.cookie) -m reg ^(blue|green)\\.[1-9]?[0-9]$ }";
  return [
    `  http-request set-var(txn.cookie) req.cook(${cookieName})`,
    `  http-request set-var(txn.held) var(txn.cookie),field(1,.) if ${wellFormed}`,
    `  http-request set-var(txn.bucket) var(txn.cookie),field(2,.) if ${wellFormed}`,
    // After another cookie, then before all others, then alone.
    `  http-request replace-header cookie '^(.*[^;]);[ \\t]*${cookieName}[ \\t]*=[^;]*(.*)$' '\\1\\2' if ${present}`,
    `  http-request replace-header cookie '^[; \\t]*${cookieName}[ \\t]*=[^;]*;?[ \\t]*(.*)$' '\\1' if ${present}`,
    `  http-request del-header cookie if { req.fhdr_cnt(cookie) eq 1 } { req.fhdr(cookie) -m len 0 }`,
  ];
}

/**
 * The lines that set `txn.color` while there is a candidate: by the user's bucket, which is drawn if there is none yet.
 * A user therefore keeps the color at the same weight, and moves at most once while the weight grows.
 */
export function chooseByBucket(): string[] {
  const canary = "{ var(txn.candidate) -m str blue green }";
  return [
    `  http-request set-var(txn.bucket) rand(100) if ${canary} !{ var(txn.bucket) -m found }`,
    // A candidate without replicas gets no requests: it will be withdrawn, and users must not notice.
    `  http-request set-var-fmt(txn.tried) "be_%[var(txn.candidate)]_%[var(txn.service)]" if ${canary}`,
    `  http-request set-var(txn.color) var(txn.candidate) if ${canary} { var(txn.bucket),sub(txn.weight) lt 0 } { var(txn.tried),nbsrv gt 0 }`,
    `  http-request set-var-fmt(txn.keep) "%[var(txn.color)].%[var(txn.bucket)]" if ${canary}`,
  ];
}

/** The lines that keep a user on the previously active color while its backend for the service has replicas. */
export function keepSkewed(): string[] {
  return [
    '  http-request set-var-fmt(txn.warm) "be_%[var(txn.skew)]_%[var(txn.service)]"',
    "  http-request set-var(txn.color) var(txn.skew) if { var(txn.held),strcmp(txn.skew) eq 0 } { var(txn.warm),nbsrv gt 0 }",
  ];
}

/**
 * The line that sets the cookie, in addition to the application's own, if the user does not have the same one already.
 * @throws SettingsError when the age is not a whole number of seconds, 1 to 86,400
 */
export function giveCookie(maxAge: number): string[] {
  if (!Number.isInteger(maxAge) || maxAge < 1 || maxAge > 86_400)
    throw new SettingsError(
      `the edge's cookieMaxAge is ${maxAge}`,
      "set it to a whole number of seconds between 1 and 86400",
    );
  return [
    `  http-after-response add-header set-cookie "${cookieName}=%[var(txn.keep)]; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAge}" if { var(txn.keep) -m found } !{ var(txn.keep),strcmp(txn.cookie) eq 0 }`,
  ];
}
