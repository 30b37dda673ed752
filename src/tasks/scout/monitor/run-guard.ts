import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";

/** Who may ask. */
export interface Guard {
  /** Null where nobody needs one. */
  readonly token: string | null;
  /** Answers what must not pass, and says so by false; sets the cookie for a good `?token=`. */
  admits(request: IncomingMessage, response: ServerResponse, url: URL): boolean;
}

/** Nothing from elsewhere: no script, picture or frame but our own. */
const headers: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cache-control": "no-store",
};

/** This machine only: 127.0.0.0/8, ::1 and localhost. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return name === "localhost" || name === "::1" || (isIP(name) === 4 && name.startsWith("127."));
}

/**
 * On a loopback address every program of this machine may ask, but no page from elsewhere whose
 * name was made to point here: the Host header must be a loopback name, whatever its port. On
 * other addresses, and where a token is given, each request must hold the token: as `?token=`,
 * which sets a cookie, as that cookie, or as `Authorization: Bearer`.
 */
export function createGuard(host: string, given: string | null): Guard {
  const token = given ?? (isLoopback(host) ? null : randomBytes(24).toString("base64url"));
  const expected = token === null ? null : digest(token);
  const isRight = (text: string | null | undefined) =>
    expected !== null && Boolean(text) && timingSafeEqual(digest(text as string), expected);

  return {
    token,
    admits(request, response, url) {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      if (request.method !== "GET" && request.method !== "HEAD") {
        response.setHeader("allow", "GET, HEAD");
        return refuse(response, 405, "Only GET and HEAD are answered here.");
      }
      if (isLoopback(host) && !isLoopback(hostName(request.headers.host)))
        return refuse(response, 403, "This monitor answers to 127.0.0.1 and localhost only.");
      if (expected === null) return true;
      const cookie = `forty-monitor-${request.socket.localPort}`;
      const asked = url.searchParams.get("token");
      if (isRight(asked)) {
        response.setHeader(
          "set-cookie",
          `${cookie}=${encodeURIComponent(asked as string)}; HttpOnly; SameSite=Strict; Path=/`,
        );
        return true;
      }
      const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
      if (isRight(bearer) || isRight(cookieOf(request, cookie))) return true;
      return refuse(
        response,
        401,
        "This monitor needs its token: open the address that 'forty scout monitor' printed.",
      );
    },
  };
}

/** A page for people, with nothing in it that was asked for. */
function refuse(response: ServerResponse, status: number, text: string): false {
  if (status === 401) response.setHeader("www-authenticate", "Bearer");
  response.writeHead(status, { "content-type": "text/html; charset=utf-8" });
  const escaped = text.replaceAll("'", "&#39;");
  response.end(
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${status}</title><h1>Not admitted</h1><p>${escaped}</p></html>\n`,
  );
  return false;
}

/** Of one length, so that comparing takes one time. */
const digest = (text: string) => createHash("sha256").update(text).digest();

function hostName(header = ""): string {
  return header.replace(/:\d*$/, "");
}

function cookieOf({ headers }: IncomingMessage, name: string): string | null {
  for (const part of (headers.cookie ?? "").split(";")) {
    const at = part.indexOf("=");
    if (part.slice(0, at).trim() !== name) continue;
    try {
      return decodeURIComponent(part.slice(at + 1).trim());
    } catch {
      return null;
    }
  }
  return null;
}
