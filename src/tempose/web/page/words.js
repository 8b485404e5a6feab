// Words in the browser's language, from words.json: each key with its text by language; English where there is no other.
const all = await (await fetch("page/words.json")).json();
const language = navigator.languages.map((name) => name.split("-")[0]).find((name) => all.tagline[name]) ?? "en";
document.documentElement.lang = language;

export const has = (key) => Boolean(all[key]?.[language] ?? all[key]?.en);
export const word = (key, values = {}) =>
  (all[key]?.[language] ?? all[key]?.en ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name]);

// What the server says is English, as on the command line. Its clauses, and what is named in them, are told in the
// browser's language by the first form in said.json that fits; where one fits none, all of it stays as it is.
const forms = language === "en" ? [] : await (await fetch("page/said.json")).json();
const kinds = { setting: "\\w+", choices: "[\\w-]+(?:(?:, | or )[\\w-]+)*" };
for (const form of forms) {
  const escaped = form.en.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
  form.fits = new RegExp(`^${escaped.replace(/\{(\w+)\}/g, (_, name) => `(?<${name}>${kinds[name] ?? ".+?"})`)}$`);
}
function clause(text) {
  const form = forms.find(({ fits }) => fits.test(text));
  return form?.[language].replace(/\{(\w+)\}/g, (_, name) => named(text.match(form.fits).groups[name]));
}
function named(text) {
  const plain = (part) => forms.find(({ en }) => en === part)?.[language];
  const parts = text.split(/, | and /).map(plain);
  return plain(text) ?? (parts.every(Boolean) ? parts.join(", ") : text);
}
export function said(text) {
  const clauses = text.split("; ").map(clause);
  return clauses.every(Boolean) ? clauses.join("; ") : text;
}

export const duration = (s) => (s < 90 ? word("seconds", { n: Math.max(1, Math.round(s)) }) : word("minutes", { n: Math.round(s / 60) }));

export const $ = (id) => document.getElementById(id);

// A new element: its properties, and what is in it.
export function make(tag, given = {}, ...inside) {
  const { label, ...properties } = given;
  const made = Object.assign(document.createElement(tag), properties);
  if (label) made.setAttribute("aria-label", label);
  made.append(...inside);
  return made;
}

// Show a picture, a file or what is at an address; whether it is seen, which it is not where another replaces it.
export async function see(image, picture) {
  const address = image.src = picture instanceof Blob ? URL.createObjectURL(picture) : picture;
  const seen = await image.decode().then(() => true, () => false);
  URL.revokeObjectURL(address);
  return seen;
}

// A mistake, at its place; what the page says itself stays, whatever older looks have to say, until the field changes.
export function tell(place, text, own = true) {
  const note = $(`${place}-note`);
  if (!own && note.dataset.own) return;
  note.textContent = said(text);
  note.dataset.own = own ? text : "";
}

for (const part of document.querySelectorAll("[data-word]")) part.textContent = word(part.dataset.word);
for (const part of document.querySelectorAll("[data-label]")) part.setAttribute("aria-label", word(part.dataset.label));
