// The note under a field for files: a file that is too large, or of another kind, is told there and not sent.
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

const refuse = (event) => {
  if (!event.target.closest?.(`#${props.field}`)) return;
  const said = mistake(given(event));
  if (!said) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (event.type === "change") event.target.value = "";
  else event.target.dispatchEvent(new DragEvent("dragleave", { bubbles: true }));
  const line = document.createElement("p");
  line.className = "note";
  line.role = "alert";
  line.textContent = said;
  props.value = line.outerHTML;
};

// Before the field itself hears of it.
document.addEventListener("change", refuse, true);
document.addEventListener("drop", refuse, true);
