// The photo, on which the person is chosen, cut out, and their mask mended.
import { check, refused, upload } from "./server.js";
import { $, tell, word } from "./words.js";

const image = $("photo"), mask = $("mask"), stage = $("stage"), context = mask.getContext("2d");
export const photo = { ref: null, person: null, mask: null };
let about, changed, tool = "person", start = null, strokes = false, newest = 0;

export function begin(studio, act) {
  [about, changed] = [studio, act];
  choose("person");
}

// Another photo: a file of the visitor's, or a reference with the address of its picture.
export async function setPhoto(given, address) {
  tell("photo", "");
  const number = ++newest;
  try {
    if (given instanceof Blob) {
      check([given], about, true);
      address = URL.createObjectURL(given);
      [given] = await upload([given]);
    }
  } catch (error) {
    if (number !== newest) return;
    refused(error, "photo");
    $("photo-file").value = "";
    return;
  }
  if (number !== newest) return;  // another was chosen meanwhile
  Object.assign(photo, { ref: given, person: null, mask: null });
  strokes = false;
  image.src = address;
  stage.hidden = $("further-drop").hidden = false;
  mask.width = mask.height = 0;
  await image.decode().catch(() => { stage.hidden = true; });  // of kinds that a browser cannot show
  changed();
}

// The mask that was found, unless somebody has mended it since.
export async function showMask(address) {
  if (strokes || !image.naturalWidth) return;
  const found = new Image();
  found.src = address;
  await found.decode();
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
mask.addEventListener("pointerup", async (event) => {
  if (!start) return;
  const [from, to] = [start, place(event)];
  start = null;
  if (tool === "person") {
    Object.assign(photo, { person: to.map((at) => Number(at.toFixed(1))).join(), mask: null });
    strokes = false;
    changed();
  } else if (tool === "crop") {
    const [left, top, width, height] = box(from, to);
    if (Math.min(width, height) < 16) return;
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    canvas.getContext("2d").drawImage(image, -left, -top);
    choose("person");
    setPhoto(new File([await blobOf(canvas, "image/jpeg")], photo.ref.orig_name ?? "photo.jpg", { type: "image/jpeg" }));
  } else {
    strokes = true;
    const drawn = new File([await blobOf(mask, "image/png")], "mask.png", { type: "image/png" });
    [photo.mask] = await upload([drawn]);
    changed();
  }
});
for (const each of document.querySelectorAll("[data-tool]")) each.addEventListener("click", () => choose(each.dataset.tool));
$("tool-reset").addEventListener("click", () => {
  Object.assign(photo, { person: null, mask: null });
  strokes = false;
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
$("take").addEventListener("click", async () => {
  const video = $("shot").querySelector("video");
  const canvas = Object.assign(document.createElement("canvas"), { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  $("shot").close();
  setPhoto(new File([await blobOf(canvas, "image/jpeg")], "camera.jpg", { type: "image/jpeg" }));
});
