// The page: what is wanted, a look at it before it runs, the job, and its result.
import { begin, choice, photo, setPhoto, showMask } from "./photo.js";
import { gallery, show, shown } from "./result.js";
import { arrived, arriving, ask, check, file, forget, refused, states, upload } from "./server.js";
import { $, duration, has, make, said, see, tell, word } from "./words.js";

const wanted = { task: "animate", motion: "walk", further: [], style: null, part: "upper", background: null, whole: null };
let about, question = 0, looking = null, running = null, timer;

// The form, made of the settings that the server describes ------------------------------------------

const titled = (entry) => (has(`set-${entry.name}`) ? word(`set-${entry.name}`) : entry.title);
const helped = (entry) => (has(`help-${entry.name}`) ? word(`help-${entry.name}`) : entry.help);

function field(entry) {
  if (entry.name === "start" || entry.name === "duration") return "";  // the bar under the motion says them
  let input;
  if (entry.kind === "choice") {
    const names = entry.choices.map((value, at) => make("option", { value, textContent: has(`${entry.name}-${value}`) ? word(`${entry.name}-${value}`) : entry.names[at] ?? value }));
    input = make("select", {}, ...(entry.default === null ? [make("option", { value: "", textContent: word("auto") })] : []), ...names);
    input.value = entry.default ?? "";
  } else if (entry.name === "background") {
    input = make("select", {}, ...["photo", "plain", "color"].map((value) => make("option", { value, textContent: word(`background-${value}`) })));
    const color = make("input", { type: "color", value: "#20a0ff", label: word("color"), id: "color", hidden: true });
    input.addEventListener("change", () => { color.hidden = input.value !== "color"; });
    Object.assign(input, { name: entry.name, id: "set-background" });
    return make("label", {}, make("span", { textContent: titled(entry) }), input, color, make("small", { textContent: helped(entry) }));
  } else if (entry.kind === "bool") {
    input = make("input", { type: "checkbox", checked: entry.default });
  } else {
    const number = ["int", "float"].includes(entry.kind);
    input = make("input", { type: number ? "number" : "text", value: entry.default ?? "", placeholder: entry.default === null ? word("auto") : "" });
    if (number) Object.assign(input, { min: entry.least ?? "", max: entry.most ?? "", step: entry.kind === "int" ? 1 : "any" });
  }
  Object.assign(input, { name: entry.name, id: `set-${entry.name}` });
  return make("label", {}, make("span", { textContent: titled(entry) }), input, make("small", { textContent: helped(entry) }));
}

function settings() {
  const values = {};
  for (const entry of about.settings) {
    const input = $(`set-${entry.name}`);
    if (!input) continue;
    if (entry.kind === "bool") values[entry.name] = input.checked;
    else if (input.value !== "" && input.value !== String(entry.default)) values[entry.name] = input.type === "number" ? Number(input.value) : input.value;
  }
  if (values.background === "color") values.background = $("color").value;
  if (photo.person) values.photo_person = photo.person;
  if (wanted.whole) {
    const [from, to] = [Number($("from").value), Number($("to").value)];
    if (from > 0) values.start = from;
    if (to < Number($("to").max)) values.duration = Math.max(0.05, to - from);
  }
  return values;
}

function asked() {
  const all = settings();
  if (wanted.task === "dress") {
    const { steps, seed } = all;
    return ["dress", { photo: photo.ref, style: wanted.style, settings: { part: wanted.part, ...(steps && { steps }), ...(seed && { seed }) } }];
  }
  const more = { ...(wanted.background && { background_file: wanted.background }), ...(photo.mask && { mask: photo.mask }) };
  return ["jobs", { photo: photo.ref && [photo.ref, ...wanted.further], motion: wanted.motion, settings: all, ...more }];
}

// The look before a run ------------------------------------------------------------------------------

function changed() {
  tell("run", "");
  $("found").classList.add("old");
  clearTimeout(timer);
  timer = setTimeout(look, 200);
}

async function look() {
  const mine = ++question;
  if (looking) forget(looking).catch(() => {});
  looking = null;
  if (wanted.task === "dress") return;
  for (const place of ["photo", "motion", "settings"]) tell(place, "", false);
  try {
    const { id } = await ask("looks", { body: asked()[1] });
    if (mine !== question) return forget(id).catch(() => {});
    looking = id;
    for await (const state of states(id, () => mine === question, 300)) found(state);
  } catch (error) {
    if (mine === question) refused(error, "settings", false);
  }
}

function found(state) {
  const { result } = state, ended = !["running", "waiting"].includes(state.state);
  if (state.error && state.state === "failed") tell("motion", state.error, false);
  if (!result) return;
  tell("photo", result.photo_note, false);
  tell("settings", result.settings_note, false);
  const places = { first: "first.jpg", last: "last.jpg", "look-photo": "photo.jpg", "look-fitted": "fitted.webp", mask: "matte.png" };
  for (const [place, name] of Object.entries(places)) {
    if (!state.files.includes(name) || $(place).dataset.job === state.id) continue;
    $(place).dataset.job = state.id;
    if (place === "mask") showMask(file(state, name)); else $(place).src = file(state, name);
  }
  const read = result.seconds || ended;  // while the motion is being read, what is known of the last one stays
  if (read) $("driver").hidden = !result.seconds;  // a built-in motion is seen on its tile
  $("found").hidden = !state.files.includes("photo.jpg");
  if (ended) {
    $("found").classList.remove("old");
    $("remarks").replaceChildren(...result.notes.map((text) => make("li", { textContent: said(text) })));
  }
  const trimmed = read && trim(result);
  tell("motion", trimmed ? "" : result.motion_note, false);
}

// The bar under a motion that has a length of its own: all of it, or as much as the server takes, which is said.
function trim({ seconds, fps }) {
  $("trim").hidden = !seconds;
  if (!seconds) { wanted.whole = null; $("length").textContent = ""; return false; }
  const most = about.most.frames / fps, fresh = wanted.whole !== seconds;
  if (fresh) {
    wanted.whole = seconds;
    for (const end of ["from", "to"]) $(end).max = seconds.toFixed(2);
    [$("from").value, $("to").value] = [0, seconds];
  }
  const over = Number($("to").value) - Number($("from").value) > most + 0.01;
  if (over) $("to").value = Math.floor(100 * (Number($("from").value) + most)) / 100;
  const [from, to] = [Number($("from").value), Number($("to").value)];
  const values = { from: from.toFixed(1), to: to.toFixed(1), frames: Math.round((to - from) * fps), all: Math.round(seconds * fps), most: about.most.frames, fps: +fps.toFixed(1) };
  $("length").textContent = word(values.frames === values.all ? "whole" : seconds > most ? "too-long" : "part", values);
  if (over) changed();
  return over;
}

// The run --------------------------------------------------------------------------------------------

function go(step) {
  document.body.dataset.step = step;
  for (const each of document.querySelectorAll("[data-go]")) each.setAttribute("aria-pressed", each.dataset.go === step);
}

async function run() {
  tell("run", "");
  $("run").disabled = true;
  await arrived();
  $("run").disabled = false;
  if (!photo.ref) { go("photo"); tell("photo", word("no-photo")); return $("photo-file").focus(); }
  if (wanted.task === "dress" && !wanted.style) { go("motion"); return tell("style", word("no-style")); }
  [$("run").disabled, $("made").hidden] = [true, true];
  try {
    const [path, body] = asked();
    follow((await ask(path, { body })).id);
  } catch (error) {
    $("run").disabled = false;
    go("result");
    refused(error, "run");
  }
}

// A job at its address: how far it is, then its result.
async function follow(id) {
  running = id;
  history.replaceState(null, "", `?job=${id}`);
  go("result");
  [$("running").hidden, $("cancel").hidden, $("run").hidden, $("sample").hidden, $("made").hidden] = [false, false, true, true, true];
  [$("preview").hidden, $("cancel").disabled] = [true, false];
  refresh();
  try {
    for await (const state of states(id, () => running === id)) {
      progress(state);
      if (state.state === "done") show(state, { driver: useAsDriver, again });
      if (state.state === "failed") tell("run", state.error);
    }
  } catch (error) {
    if (running === id) refused(error, "run");
  }
  if (running !== id) return;
  running = null;
  rest();
}

function rest() {
  [$("running").hidden, $("cancel").hidden, $("run").hidden, $("run").disabled] = [true, true, false, false];
  refresh();
}

function progress(state) {
  const { part, done, total, seconds_left, rate, ahead, pictures } = state;
  const bar = document.querySelector("progress");
  if (state.state === "waiting") $("progress").textContent = ahead ? word("ahead", { n: ahead }) : word("starting");
  else {
    const left = seconds_left === null ? "" : ` · ${word("left", { time: duration(seconds_left) })}`;
    const speed = rate && part === "encoding" ? ` · ${word("rate", { n: rate.toFixed(1) })}` : "";
    $("progress").textContent = `${has(`part-${part}`) ? word(`part-${part}`) : part}${total ? ` ${done} / ${total}` : ""}${speed}${left}`;
  }
  if (total) Object.assign(bar, { max: total, value: done }); else bar.removeAttribute("value");
  if (pictures && $("preview").dataset.at !== `${state.id} ${pictures}`) {
    $("preview").dataset.at = `${state.id} ${pictures}`;
    $("preview").src = `api/jobs/${state.id}/preview?${pictures}`;
    $("preview").hidden = false;
  }
}

async function cancel() {
  const id = running;
  running = null;
  $("cancel").disabled = true;
  const gone = await forget(id).catch((error) => refused(error, "run"));
  if (running) return;  // another is looked at by now
  history.replaceState(null, "", location.pathname);
  rest();
  $("sample").hidden = false;
  if (gone) tell("run", word("stopped", { n: (gone.freed_after ?? 0).toFixed(1) }));
}

function again() {
  $("set-seed").value = Number($("set-seed").value) + 1;
  run();
}

function useAsDriver(state) {
  setMotion({ job: state.id, orig_name: state.files[0] });
  go("motion");
}

const refresh = () => gallery(follow, about);

// What is chosen -------------------------------------------------------------------------------------

function setMotion(motion) {
  Object.assign(wanted, { motion, whole: null });
  tell("motion", "");
  if (typeof motion === "string") $("motion-file").value = "";
  for (const each of document.querySelectorAll("#motions button")) each.setAttribute("aria-pressed", each.dataset.motion === motion);
  changed();
}

function setTask(task) {
  wanted.task = task;
  for (const each of document.querySelectorAll("[data-task]")) each.setAttribute("aria-pressed", each.dataset.task === task);
  [$("moves").hidden, $("clothes").hidden] = [task === "dress", task !== "dress"];
  if (task === "dress") $("found").hidden = true;
  $("h-motion").textContent = word(task === "dress" ? "clothes" : "motion");
  $("run").textContent = word(task === "dress" ? "dress" : "animate");
  changed();
}

// Files of a field: refused here, or sent; then `use` gets their references.
const chosen = (...given) => arriving(receive(...given));
async function receive(name, pictures, use) {
  const input = $(`${name}-file`), place = name === "background" ? "settings" : name, files = [...input.files];
  tell(place, "");
  if (!files.length) return use(null);
  try {
    check(files, about, pictures);
    const references = await upload(files);
    if (input.files[0] === files[0]) use(references, files);  // else others were chosen meanwhile
  } catch (error) {
    if (input.files[0] !== files[0]) return;
    refused(error, place);
    input.value = "";
  }
}

$("photo-file").addEventListener("change", () => { if ($("photo-file").files[0]) setPhoto($("photo-file").files[0]); });
$("motion-file").addEventListener("change", () => chosen("motion", false, (refs) => setMotion(refs ? (refs.length > 1 ? refs : refs[0]) : "walk")));
$("background-file").addEventListener("change", () => chosen("background", true, (refs) => {
  wanted.background = refs?.[0] ?? null;
  $("background-name").textContent = refs?.[0].orig_name ?? "";
  changed();
}));
$("further-file").addEventListener("change", () => chosen("further", true, (refs) => {
  wanted.further = refs ?? [];
  changed();
}));
$("style-file").addEventListener("change", () => chosen("style", true, (refs, files) => {
  wanted.style = refs?.[0] ?? null;
  $("style").hidden = !refs;
  if (refs) see($("style"), files[0]);
}));
for (const drop of document.querySelectorAll(".drop")) {
  const over = (on) => (event) => { event.preventDefault(); drop.classList.toggle("over", on); };
  drop.addEventListener("dragover", over(true));
  drop.addEventListener("dragleave", over(false));
  drop.addEventListener("drop", (event) => {
    over(false)(event);
    const input = drop.querySelector("input");
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}
for (const end of ["from", "to"]) $(end).addEventListener("change", () => {
  if (Number($("to").value) - Number($("from").value) < 0.1) $("to").value = Number($("from").value) + 0.1;
  changed();
});
for (const each of document.querySelectorAll("[data-go]")) each.addEventListener("click", () => go(each.dataset.go));
for (const each of document.querySelectorAll("[data-task]")) each.addEventListener("click", () => setTask(each.dataset.task));
$("settings").addEventListener("change", changed);
$("settings").addEventListener("submit", (event) => event.preventDefault());
$("run").addEventListener("click", run);
$("cancel").addEventListener("click", cancel);
$("try").addEventListener("click", () => { go("photo"); $("photo-file").focus(); });
$("person").addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = Object.fromEntries(new FormData($("person")));
  tell("photo", word("drawing"));
  const latest = choice();
  try {
    const { id } = await ask("people", { body: { ...given, seed: Number(given.seed) } });
    for await (const state of states(id, latest)) {
      if (state.state === "done") setPhoto({ job: id, orig_name: state.files[0] }, file(state, state.files[0]));
      else if (state.error) tell("photo", state.error);
    }
  } catch (error) {
    if (latest()) refused(error, "photo");
  }
});

// The beginning --------------------------------------------------------------------------------------

about = await ask("studio").catch((error) => { refused(error, "run"); return new Promise(() => {}); });  // and no more
$("warnings").textContent = about.warnings.join(" ");
$("settings").querySelector(".fields").append(...about.settings.map(field));
$("motions").append(...about.motions.map((name) => {
  const picture = make("img", { src: `page/motion-${name}.webp`, alt: "", loading: "lazy" });
  const tile = make("button", { type: "button", onclick: () => setMotion(name) }, picture, make("small", { textContent: has(`motion-${name}`) ? word(`motion-${name}`) : name }));
  tile.dataset.motion = name;
  return tile;
}));
$("examples").append(...Object.entries(about.examples).map(([name, motion]) => make("button",
  { type: "button", label: word("example", { name }), onclick: () => { setMotion(motion); setPhoto({ example: name, orig_name: `${name}.jpg` }, `api/examples/${name}.jpg`); } },
  make("img", { src: `api/examples/${name}.jpg`, alt: "" }))));
$("drawn").hidden = !Object.keys(about.people).length;
$("person").querySelector(".fields").append(
  make("label", {}, make("span", { textContent: word("set-seed") }), make("input", { name: "seed", type: "number", min: 0, value: 1 })),
  ...Object.entries(about.people).map(([name, known]) => make("label", {}, make("span", { textContent: word(`person-${name}`) }),
    make("select", { name }, ...known.map((value) => make("option", { value, textContent: value }))))));
$("parts").append(...about.parts.map((part) => {
  const choice = make("button", { type: "button", textContent: word(`part-of-${part}`), onclick: () => {
    wanted.part = part;
    for (const each of $("parts").children) each.setAttribute("aria-pressed", each === choice);
  } });
  choice.setAttribute("aria-pressed", part === wanted.part);
  return choice;
}));
begin(about, changed);
setTask("animate");
setMotion("walk");
go("result");
const address = new URLSearchParams(location.search).get("job");
if (address) follow(address); else refresh();
document.body.dataset.ready = "";
