// Called on the innermost element that has the focus: whether it takes text.
function () {
  const tag = this.tagName.toLowerCase();
  const textual = tag === "textarea" || (tag === "input" && !["button", "submit", "reset", "checkbox", "radio", "file", "image"].includes(this.type));
  // a frame that does not answer, a plugin or a canvas may take keys without saying so
  const opaque = ["iframe", "frame", "embed", "object", "canvas"].includes(tag);
  const custom = this.hasAttribute("tabindex") || ["textbox", "combobox", "searchbox", "application"].includes(this.getAttribute("role"));
  return (textual && !this.disabled && !this.readOnly) || this.isContentEditable || opaque || custom;
}
