// What the page asks of the server: JSON, uploads, and jobs that are looked at until they end.
import { $, tell, word } from "./words.js";

class Refused extends Error {}

// What was refused is told at its place; anything else is a fault, and goes on.
export function refused(error, place, own) {
  if (!(error instanceof Refused)) throw error;
  tell(place, error.message, own);
}

// An answer and its text; a server that cannot be reached is told as one that refuses.
async function reach(address, how) {
  try {
    const answer = await fetch(address, how);
    return [answer, await answer.text()];
  } catch {
    throw new Refused(word("unreachable"));
  }
}

export async function ask(path, { method, body } = {}) {
  const headers = body ? { "Content-Type": "application/json" } : {};
  const how = { method: method ?? (body ? "POST" : "GET"), headers, body: body && JSON.stringify(body) };
  const [answer, said] = await reach(`api/${path}`, how);
  if (answer.status === 401) return logIn();
  if (answer.ok) return JSON.parse(said);
  let error = said;
  try { error = JSON.parse(said).error ?? said; } catch { /* the guard answers with the sentence itself */ }
  throw new Refused(error);
}

// Refused here, before anything is sent: a file that is too large, or no picture where one is wanted.
export function check(files, about, pictures) {
  const other = pictures && files.find((file) => !file.type.startsWith("image/"));
  if (other) throw new Refused(about.said.kind.replace("{name}", other.name));
  const large = files.find((file) => file.size > about.most.upload);
  const together = files.reduce((sum, file) => sum + file.size, 0);
  if (large ?? together > about.most.upload) throw new Refused(about.said.large.replace("{name}", large?.name ?? files[0].name));
}

// References to files of the visitor's own, as requests name them.
export async function upload(files) {
  const form = new FormData();
  files.forEach((file) => form.append("files", file, file.name));
  const [answer, said] = await reach("gradio_api/upload", { method: "POST", body: form });
  if (!answer.ok) throw new Refused(said);
  return JSON.parse(said).map((path, at) => ({ path, orig_name: files[at].name }));
}

// What was chosen and is on its way, until it has arrived or was refused.
const chosen = new Set();
export function arriving(work) {
  chosen.add(work);
  return work.finally(() => chosen.delete(work));
}
export const arrived = () => Promise.allSettled(chosen);

// A job's states until it ends, or until nobody wants to know any more.
export async function* states(id, wanted = () => true, every = 400) {
  for (;;) {
    const state = await ask(`jobs/${id}`);
    if (!wanted()) return;
    yield state;
    if (!["waiting", "running"].includes(state.state)) return;
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

export const forget = (id) => ask(`jobs/${id}`, { method: "DELETE" });
export const file = (state, name) => `api/jobs/${state.id}/files/${encodeURIComponent(name)}`;

// Whoever is to log in is not answered: the page begins again when they have.
function logIn() {
  if (!$("login").open) $("login").showModal();
  return new Promise(() => {});
}
$("login").querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const note = event.target.querySelector(".note");
  try {
    const [answer] = await reach("login", { method: "POST", body: new URLSearchParams(new FormData(event.target)) });
    if (answer.ok) location.reload();
    else note.textContent = word(answer.status === 429 ? "later" : "wrong");
  } catch (error) {
    note.textContent = error.message;
  }
});
