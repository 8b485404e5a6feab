// What was made: shown, compared with another, had in other forms; and the gallery of this browser.
import { ask, file, forget, refused } from "./server.js";
import { $, make, said, word } from "./words.js";

const video = $("video"), other = $("other"), pair = $("pair");
const button = (key, act, properties = {}) => make("button", { type: "button", textContent: word(key), onclick: act, ...properties });
const sentence = (text) => `${said(text).replace(/^./, (first) => first.toUpperCase())}.`;
export let shown = null;
let asked = 0;

// Show a finished job. `use`: what its buttons begin, by name.
export function show(state, use) {
  shown = state;
  const { result, files } = state, moves = state.kind === "animate";
  $("made").hidden = false;
  $("sample").hidden = true;
  [video.hidden, $("picture").hidden] = [!moves, moves];
  alone();
  (moves ? video : $("picture")).src = file(state, files[0]);
  $("summary").textContent = word(moves ? "made" : "made-picture", result) + result.warnings.map((each) => ` ${sentence(each)}`).join("");
  $("command").textContent = result.command;
  const speed = make("select", { label: word("speed"), onchange: () => { video.playbackRate = other.playbackRate = speed.value; } },
    ...[0.25, 0.5, 1, 2].map((rate) => make("option", { value: rate, textContent: `${rate}×`, selected: rate === 1 })));
  const loop = button("loop", () => { video.loop = !video.loop; loop.setAttribute("aria-pressed", video.loop); });
  loop.setAttribute("aria-pressed", video.loop = true);
  $("after").replaceChildren(...(moves ? [loop, speed, button("beside", () => compare(state, files[0].replace(/\.mp4$/, "-side-by-side.mp4")))] : []),
    ...(moves ? [button("as-driver", () => use.driver(state))] : []), button("again", () => use.again()),
    button("copy", () => navigator.clipboard?.writeText(result.command).catch(() => {})));
  const stem = files[0].replace(/\.\w+$/, ""), forms = moves ? ["-side-by-side.mp4", ".gif", ".webp"].map((end) => stem + end) : [];
  $("files").replaceChildren(...[...files, ...forms].map((name) => make("a", { href: file(state, name), download: name, textContent: name.slice(stem.length) })));
}

function alone() {
  pair.className = "";
  other.hidden = $("split-label").hidden = true;
  other.removeAttribute("src");
}

// Another video in step with the one that is shown: beside it, or under a slider across the picture.
function compare(state, name, way = "beside") {
  if (pair.className === way && other.src.endsWith(file(state, name))) return alone();
  other.src = file(state, name);
  pair.className = way;
  other.hidden = false;
  pair.scrollIntoView({ block: "nearest" });
  $("split-label").hidden = way !== "split";
}

const follow = () => {
  if (other.hidden) return;
  if (Math.abs(other.currentTime - video.currentTime) > (video.paused ? 0.01 : 0.15)) other.currentTime = video.currentTime;
  if (video.paused !== other.paused) video.paused ? other.pause() : other.play().catch(() => {});
};
for (const name of ["play", "pause", "seeked", "timeupdate"]) video.addEventListener(name, follow);
$("split").addEventListener("input", () => pair.style.setProperty("--split", `${$("split").value}%`));

export async function gallery(open, about) {
  const mine = ++asked, pieces = await ask("jobs").catch((error) => refused(error, "run", false));
  if (!pieces || mine !== asked) return;
  $("kept").textContent = word(pieces.length ? "kept" : "empty", { n: about.kept_minutes });
  $("gallery").replaceChildren(...pieces.map((piece) => {
    const name = `${piece.title} ${new Date(1000 * piece.made).toLocaleTimeString()}`;
    const done = piece.state === "done", moves = piece.kind === "animate";
    const look = done ? make(moves ? "video" : "img", { src: `${file(piece, piece.files[0])}${moves ? "#t=0.01" : ""}`, muted: true, preload: "metadata" }) : word(piece.state === "stopped" ? "stopped-short" : piece.state);
    if (!moves && done) look.alt = "";
    const remove = async ({ currentTarget }) => {
      currentTarget.disabled = true;
      await forget(piece.id).catch((error) => refused(error, "run"));
      await gallery(open, about);
      currentTarget.disabled = false;
    };
    const more = [button("delete", remove, { label: `${word("delete")} ${name}` })];
    if (done && moves) more.unshift(button("compare", () => { if (shown) compare(piece, piece.files[0], "split"); }, { label: `${word("compare")} ${name}` }));
    return make("li", { id: `piece-${piece.id}` }, make("button", { type: "button", label: `${word("open")} ${name}`, onclick: () => open(piece.id) }, look),
      make("small", { textContent: name }), ...more);
  }));
}
