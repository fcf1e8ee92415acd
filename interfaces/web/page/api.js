// The server: one token, JSON in and out.

const KEY = "playhead-token";
let token = "";

/** What the server, or the way to it, did not do. `verdict` is there where the gate stopped something. */
export class ApiError extends Error {
  constructor(status, { kind = "", message = "", verdict = null } = {}) {
    super(message || `The server answered ${status}`);
    Object.assign(this, { status, kind, verdict });
  }
}

/** Take the token out of the address, or from another tab of this page, and open a session with it. */
export async function openSession() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.has("token")) {
    sessionStorage.setItem(KEY, given.get("token"));
    given.delete("token");
    history.replaceState(history.state, "", location.pathname + (given.size ? `#${given}` : ""));
  }
  token = sessionStorage.getItem(KEY) ?? (await askOtherTabs());
  try {
    await call("POST", "/api/session");
  } catch (error) {
    if (error.status === 401) sessionStorage.removeItem(KEY);
    throw error;
  }
  sessionStorage.setItem(KEY, token);
  lendToOtherTabs();
}

// Only pages of this very server can hear the channel, port included.
function lendToOtherTabs() {
  const channel = new BroadcastChannel("playhead");
  channel.onmessage = ({ data }) => { if (data === "token?") channel.postMessage({ token }); };
}

function askOtherTabs() {
  return new Promise((resolve) => {
    const channel = new BroadcastChannel("playhead");
    const answer = (found) => { channel.close(); resolve(found); };
    const timer = setTimeout(() => answer(""), 400);
    channel.onmessage = ({ data }) => { if (data?.token) { clearTimeout(timer); answer(data.token); } };
    channel.postMessage("token?");
  });
}

async function call(method, path, body) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  const reply = await ask(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  return read(reply.status, await reply.text());
}

async function ask(path, { headers, ...how }) {
  try {
    return await fetch(path, { ...how, headers: { ...headers, Authorization: `Bearer ${token}` } });
  } catch {
    throw new ApiError(0, { message: "The server does not answer" });
  }
}

/** What the whole page should say of an error; of most nothing but its own words. */
export function trouble({ status, message }) {
  if (status === 0) return "The server has ended. Start it again, and open the address it prints.";
  return status === 401 ? "This page needs its token. Open the address that `playhead serve` printed." : message;
}

/** Why the server does not give a file; nothing where it does. */
export async function refused(path) {
  try {
    const reply = await ask(path, { headers: { Range: "bytes=0-0" } });
    if (reply.status >= 400) read(reply.status, await reply.text());
    else await reply.body?.cancel();
    return "";
  } catch (error) {
    return trouble(error);
  }
}

function read(status, text) {
  let said = {};
  try {
    said = text ? JSON.parse(text) : {};
  } catch {
    throw new ApiError(status, { message: `The server answered ${status}, and not in JSON` });
  }
  if (status >= 400) throw new ApiError(status, said.error ?? {});
  return said;
}

export const get = (path) => call("GET", path);
export const post = (path, body) => call("POST", path, body);
export const remove = (path) => call("DELETE", path);

/** Send a file; the job that indexes it. `progress` hears bytes sent; the signal stops it. */
export function upload(file, progress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how much was sent
    request.open("PUT", `/api/uploads/${encodeURIComponent(file.name)}`);
    request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = ({ loaded }) => progress(loaded);
    request.onload = () => {
      try {
        resolve(read(request.status, request.responseText).job);
      } catch (error) {
        reject(error);
      }
    };
    request.onerror = () => reject(new ApiError(0, { message: `${file.name} was not sent: the connection broke. Try again` }));
    request.onabort = () => reject(new ApiError(0, { kind: "AbortError", message: `${file.name} was not added` }));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
