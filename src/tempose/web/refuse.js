// The note under a field for files: a file that is too large, or of another kind, is told there and not sent.
// What is told so is a question of its own: answers of the server to earlier ones do not wipe it away.
// Of the note: `field`, its element's id; `most`, bytes; `kind`, how a file's type begins; and what is said, of {name}.
const given = (event) => [...((event.dataTransfer ?? event.target).files ?? [])];

const mistake = (files) => {
  const other = files.find((file) => !file.type.startsWith(props.kind));
  const large = files.find((file) => file.size > props.most);
  if (other) return props.said_of_kind.replace("{name}", other.name);
  if (large) return props.said_of_size.replace("{name}", large.name);
  const together = files.reduce((sum, file) => sum + file.size, 0);
  return together > props.most ? props.said_of_size.replace("{name}", "the motion") : "";
};

let mine = 0;  // the number of the mistake that is told here
let line = "";

const refuse = (event) => {
  if (!event.target.closest?.(`#${props.field}`)) return;
  const said = mistake(given(event));
  if (!said) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (event.type === "change") event.target.value = "";
  else event.target.dispatchEvent(new DragEvent("dragleave", { bubbles: true }));
  mine = window.temposeQuestion = (window.temposeQuestion ?? 0) + 1;
  const told = document.createElement("p");
  told.className = "note";
  told.role = "alert";
  told.dataset.question = mine;
  told.textContent = said;
  props.value = line = told.outerHTML;
};

new MutationObserver(() => {
  if (!mine) return;
  const answered = Number(element.querySelector(".note")?.dataset.question ?? 0);
  if (answered < mine) props.value = line;
  if (answered > mine) mine = 0;
}).observe(element, { childList: true, subtree: true });

// Before the field itself hears of it.
document.addEventListener("change", refuse, true);
document.addEventListener("drop", refuse, true);
