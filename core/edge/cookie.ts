import { SettingsError } from "../errors.ts";

/** Name of the cookie that keeps a visitor with a color. Its value is `<color>.<bucket>`, the bucket 0 to 99. */
const visitorCookie = "turnout";

/** How long a browser keeps the cookie where an input does not say it, in seconds. */
export const defaultCookieMaxAge = 3_600;

/** The lines that read the cookie into `txn.held` and `txn.bucket` if it is well-formed, and take it out of the request, whose other cookies stay as they are, byte for byte. */
export function takeCookie(): string[] {
  // Not whether HAProxy finds the cookie: it reads quotes, which browsers do not, and would miss one behind a stray quote.
  const there = `{ req.fhdr(cookie) -m sub ${visitorCookie} }`;
  const wellFormed = "{ var(txn.cookie) -m reg ^(blue|green)\\.[1-9]?[0-9]$ }";
  return [
    `  http-request set-var(txn.cookie) req.cook(${visitorCookie})`,
    `  http-request set-var(txn.held) var(txn.cookie),field(1,.) if ${wellFormed}`,
    `  http-request set-var(txn.bucket) var(txn.cookie),field(2,.) if ${wellFormed}`,
    // Behind another cookie, then in front of all others, then alone.
    `  http-request replace-header cookie '^(.*[^;]);[ \\t]*${visitorCookie}[ \\t]*=[^;]*(.*)$' '\\1\\2' if ${there}`,
    `  http-request replace-header cookie '^[; \\t]*${visitorCookie}[ \\t]*=[^;]*;?[ \\t]*(.*)$' '\\1' if ${there}`,
    `  http-request del-header cookie if { req.fhdr_cnt(cookie) eq 1 } { req.fhdr(cookie) -m len 0 }`,
  ];
}

/**
 * The lines that set `txn.color` while there is a candidate: by the visitor's bucket, drawn where there is none yet. A
 * visitor therefore keeps their color at the same weight, and moves at most once while the weight grows.
 */
export function chooseByBucket(): string[] {
  const trial = "{ var(txn.candidate) -m str blue green }";
  return [
    `  http-request set-var(txn.bucket) rand(100) if ${trial} !{ var(txn.bucket) -m found }`,
    // A candidate whose last replica is gone gets nobody: it is about to be withdrawn, and nobody need notice.
    `  http-request set-var-fmt(txn.tried) "be_%[var(txn.candidate)]_%[var(txn.service)]" if ${trial}`,
    `  http-request set-var(txn.color) var(txn.candidate) if ${trial} { var(txn.bucket),sub(txn.weight) lt 0 } { var(txn.tried),nbsrv gt 0 }`,
    `  http-request set-var-fmt(txn.keep) "%[var(txn.color)].%[var(txn.bucket)]" if ${trial}`,
  ];
}

/** The lines that leave a visitor with the color that served before, while its backend for the service has replicas. */
export function keepSkewed(): string[] {
  return [
    '  http-request set-var-fmt(txn.warm) "be_%[var(txn.skew)]_%[var(txn.service)]"',
    "  http-request set-var(txn.color) var(txn.skew) if { var(txn.held),strcmp(txn.skew) eq 0 } { var(txn.warm),nbsrv gt 0 }",
  ];
}

/**
 * The line that gives the cookie to a visitor who does not have it like this already, beside the application's own.
 * @throws SettingsError when the age is no whole number of seconds, 1 to 86,400
 */
export function giveCookie(maxAge: number): string[] {
  if (!Number.isInteger(maxAge) || maxAge < 1 || maxAge > 86_400)
    throw new SettingsError(
      `the edge's cookieMaxAge is ${maxAge}`,
      "set it to a whole number of seconds between 1 and 86400",
    );
  return [
    `  http-after-response add-header set-cookie "${visitorCookie}=%[var(txn.keep)]; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAge}" if { var(txn.keep) -m found } !{ var(txn.keep),strcmp(txn.cookie) eq 0 }`,
  ];
}
