// The photo, on which the person is chosen, cut out, and their mask mended.
import { arriving, check, refused, upload } from "./server.js";
import { $, see, tell, word } from "./words.js";

const image = $("photo"), mask = $("mask"), stage = $("stage"), context = mask.getContext("2d");
export const photo = { ref: null, person: null, mask: null };
let about, changed, tool = "person", start = null, strokes = false, newest = 0, marks = 0;

export function begin(studio, act) {
  [about, changed] = [studio, act];
  choose("person");
}

// One more choice of a photo, and the question whether it is still the latest.
export function choice() {
  const mine = ++newest;
  return () => mine === newest;
}

// Another photo: a file of the visitor's, or a reference with its picture.
export const setPhoto = (given, picture = given) => arriving(receive(given, picture, choice()));

async function receive(given, picture, latest) {
  tell("photo", "");
  try {
    if (given instanceof Blob) {
      check([given], about, true);
      [given] = await upload([given]);
    }
  } catch (error) {
    if (!latest()) return;
    refused(error, "photo");
    $("photo-file").value = "";
    return;
  }
  if (!latest()) return;
  unmarked({ ref: given });
  stage.hidden = $("further-drop").hidden = false;
  mask.width = mask.height = 0;
  show(given, picture);
}

async function show(given, picture) {
  const seen = await see(image, picture);
  if (photo.ref !== given) return;
  stage.hidden = !seen;  // of a kind that this browser cannot show
  changed();
}

// The person as it is found: no tap and no stroke counts any more, nor what is on its way of them.
function unmarked(more = {}) {
  Object.assign(photo, { person: null, mask: null, ...more });
  strokes = false;
  marks++;
}

// The mask that was found, unless it is gone, or there is a newer one, by the time that it arrives.
export async function showMask(address) {
  if (strokes || !image.naturalWidth) return;
  const mine = ++marks, found = new Image();
  if (!await see(found, address) || mine !== marks) return;
  [mask.width, mask.height] = [image.naturalWidth, image.naturalHeight];
  context.drawImage(found, 0, 0, mask.width, mask.height);
  const pixels = context.getImageData(0, 0, mask.width, mask.height);
  for (let at = 0; at < pixels.data.length; at += 4) {
    pixels.data[at + 3] = pixels.data[at];
    pixels.data.set([45, 212, 191], at);
  }
  context.putImageData(pixels, 0, 0);
}

function choose(name) {
  tool = name;
  for (const each of document.querySelectorAll("[data-tool]")) each.setAttribute("aria-pressed", each.dataset.tool === name);
  $("tool-help").textContent = word(`help-${name}`);
}

function place(event) {
  const box = image.getBoundingClientRect();
  const share = (at, from, size) => Math.min(1, Math.max(0, (at - from) / size));
  return [share(event.clientX, box.left, box.width) * image.naturalWidth, share(event.clientY, box.top, box.height) * image.naturalHeight];
}

function stroke(from, to) {
  context.globalCompositeOperation = tool === "add" ? "source-over" : "destination-out";
  Object.assign(context, { strokeStyle: "rgb(45 212 191)", lineCap: "round", lineWidth: mask.height / 25 });
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
}

const box = ([x, y], [u, v]) => [Math.min(x, u), Math.min(y, v), Math.abs(u - x), Math.abs(v - y)];
const blobOf = (canvas, kind) => new Promise((resolve) => canvas.toBlob(resolve, kind, 0.95));

mask.addEventListener("pointerdown", (event) => {
  start = place(event);
  mask.setPointerCapture(event.pointerId);
  if (tool === "add" || tool === "remove") stroke(start, start);
});
mask.addEventListener("pointermove", (event) => {
  if (!start) return;
  const now = place(event);
  if (tool === "add" || tool === "remove") {
    stroke(start, now);
    start = now;
  } else if (tool === "crop") {
    if (!mask.width) [mask.width, mask.height] = [image.naturalWidth, image.naturalHeight];
    context.clearRect(0, 0, mask.width, mask.height);
    Object.assign(context, { strokeStyle: "rgb(45 212 191)", lineWidth: mask.height / 150 });
    context.strokeRect(...box(start, now));
  }
});
mask.addEventListener("pointerup", (event) => {
  if (!start) return;
  const from = start;
  start = null;
  arriving(mark(from, place(event)));
});
async function mark(from, to) {
  if (tool === "person") {
    unmarked({ person: to.map((at) => Number(at.toFixed(1))).join() });
    changed();
  } else if (tool === "crop") {
    const [left, top, width, height] = box(from, to);
    if (Math.min(width, height) < 16) return;
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    canvas.getContext("2d").drawImage(image, -left, -top);
    choose("person");
    await taken(canvas, photo.ref.orig_name ?? "photo.jpg");
  } else {
    strokes = true;
    const mine = ++marks, drawn = await blobOf(mask, "image/png");
    try {
      const [sent] = await upload([new File([drawn], "mask.png", { type: "image/png" })]);
      if (mine !== marks) return;
      photo.mask = sent;
      changed();
    } catch (error) {
      if (mine === marks) refused(error, "photo");
    }
  }
}

// The photo is what a canvas shows, unless another is chosen before it is a file.
async function taken(canvas, name) {
  const latest = choice(), file = new File([await blobOf(canvas, "image/jpeg")], name, { type: "image/jpeg" });
  if (latest()) await setPhoto(file);
}

for (const each of document.querySelectorAll("[data-tool]")) each.addEventListener("click", () => choose(each.dataset.tool));
$("tool-reset").addEventListener("click", () => {
  unmarked();
  changed();
});

// Other ways to a photo: the clipboard, and the camera.
addEventListener("paste", (event) => { if (event.clipboardData.files.length) setPhoto(event.clipboardData.files[0]); });
$("camera").addEventListener("click", async () => {
  const stream = await navigator.mediaDevices?.getUserMedia({ video: true }).catch(() => null);
  if (!stream) return tell("photo", word("no-camera"));
  const video = $("shot").querySelector("video");
  video.srcObject = stream;
  $("shot").showModal();
  $("shot").addEventListener("close", () => stream.getTracks().forEach((track) => track.stop()), { once: true });
});
$("no-shot").addEventListener("click", () => $("shot").close());
$("take").addEventListener("click", () => {
  const video = $("shot").querySelector("video");
  if (!video.videoWidth) return;  // it shows nothing yet
  const canvas = Object.assign(document.createElement("canvas"), { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  $("shot").close();
  arriving(taken(canvas, "camera.jpg"));
});
