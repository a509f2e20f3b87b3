// The job that is shown is in the fragment of the address, so that it is there after a reload.

const FORM = /^#job=([A-Za-z0-9_-]{8,64})$/;

/** The path of the job in the address, or null. */
export function jobInAddress() {
  const [, id] = FORM.exec(location.hash) ?? [];
  return id ? `/jobs/${id}` : null;
}

/** Put a job there, by its path; null for none. */
export function putJobInAddress(path) {
  const hash = path ? `#job=${path.split("/").at(-1)}` : "";
  history.replaceState(null, "", location.pathname + location.search + hash);
}
