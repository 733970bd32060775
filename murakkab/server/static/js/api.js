// Talking to the server.

async function answer(response) {
  if (response.status === 204) return null;
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const fault = new Error(body.error || `the server answered ${response.status}`);
  fault.fix = body.fix || "";
  throw fault;
}

export const get = async (path) => answer(await fetch(path));

export async function post(path, body) {
  const isForm = body instanceof FormData;
  const headers = isForm ? {} : { "Content-Type": "application/json" };
  return answer(await fetch(path, { method: "POST", headers, body: isForm ? body : JSON.stringify(body ?? {}) }));
}

/** Send without waiting, also while the page is being left. */
export function beacon(path, body) {
  return navigator.sendBeacon(path, new Blob([JSON.stringify(body)], { type: "application/json" }));
}

const LAST_MS = 1000; // the end of a run is followed by more at once if the run was resumed after it

/** Follow a run's events; calls `onEvent` for each and stops by itself after the last. Returns a function that stops. */
export function follow(run, onEvent) {
  const source = new EventSource(`/api/runs/${run}/events`);
  let ending = null;
  source.onmessage = (message) => {
    const event = JSON.parse(message.data);
    clearTimeout(ending);
    if (event.event === "run.finished") ending = setTimeout(() => source.close(), LAST_MS);
    onEvent(event);
  };
  return () => source.close();
}
